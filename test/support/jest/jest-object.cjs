module.exports = jest; // Jest gives it to the CommonJS modules that it loads itself, as this one
