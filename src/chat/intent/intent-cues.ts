import type { Intent } from '../../common/index.js';

/** Phrases (parted by commas) that speak for an intent, and how loudly. */
export interface Cue {
  readonly intent: Intent;
  readonly weight: number;
  readonly phrases: string;
}

/** What a clause begins with. */
export interface HeadCue extends Cue {
  /** `order` and `question` settle what the clause asks for; after a `vague` order the rest of the clause is heard as well. */
  readonly kind: 'order' | 'question' | 'vague';
}

/** An order to change something outweighs a wish to know, which outweighs a hint. */
export const WEIGHTS = { change: 20, know: 10 };

export const HEAD_CUES: readonly HeadCue[] = [
  {
    kind: 'order',
    intent: 'fix',
    weight: WEIGHTS.change,
    phrases: `
      fix, debug, repair, resolve, troubleshoot, correct, hotfix, bugfix, solve, mend, unbreak, find the bug, find the error,
      find the problem, make * pass, make * * pass, make * * * pass, make * work again, get * working, get * to work, get * working again,
      find the cause, stop * from, stop * * from, stop * * * from, prevent * from, sort this out, sort it out, sort that out,
      take care of that, take care of this, look into and fix, make sure * does not, get rid of the bug, get rid of the error,
      get rid of the warning, make the linter happy, make the compiler happy, make * happy, make * * happy, close the hole, rectify, remedy,
      work around, make it work, get rid of this error, recover, silence the`,
  },
  {
    kind: 'order',
    intent: 'refactor',
    weight: WEIGHTS.change,
    phrases: `
      refactor, rename, extract, restructure, reorganise, reorganize, clean up, clean * up, clean * * up, clean this, cleanup, simplify,
      split, deduplicate, dedupe, inline, modularise, modularize, decouple, tidy, modernise, modernize, rewrite, convert, consolidate,
      optimise, optimize, speed up, speed * up, speed * * up, break up, break * up, break * * up, break * into, streamline, untangle, unify,
      abstract, encapsulate, polish, dry up, switch from, change all, put * into its own, put * into their own, put * * into their own,
      put * * into its own, put * * * into their own, break the, break this, clean it up, clean that up, organise, organize, transform,
      alphabetise, alphabetize, generalise, generalize, standardise, standardize, normalise, normalize, reformulate, condense, compress,
      flatten, minimise, minimize, reuse, change the class, change the function, change this function, change this class, make this class,
      rearrange, reshape, regroup, sort the imports, factor out, move * out of, move * * out of, move * * * out of, make * generic,
      make * reusable, make * * reusable, make * private`,
  },
  {
    kind: 'order',
    intent: 'default',
    weight: WEIGHTS.change,
    phrases: `
      add, create, build, implement, write, generate, configure, set up, setup, install, deploy, publish, release, run, execute, enable,
      disable, integrate, commit, push, document, translate, scaffold, initialise, initialize, init, bump, upgrade, insert, append,
      introduce, develop, design, draw, start, stop, restart, import, export, download, upload, connect, test, format, lint, comment out,
      revert, undo, mock, stub, preview, turn on, turn off, code, ship, draft, prepare, provide, store, save, send, schedule, register,
      define, expose, wire, show a, show an, display a, display an, dockerise, dockerize, seed, hook up, attach, bootstrap, compile,
      rebuild, rerun, start working on, work on, put together, come up with`,
  },
  {
    kind: 'order',
    intent: 'search',
    weight: WEIGHTS.know,
    phrases: `
      find, search, locate, grep, list, count, look up, look for, looking for, i am looking for, i am searching for, show, read, open,
      print, cat, ls, display, view, identify, get me, get me all, give me all, give me every, give me the name, give me the path,
      give me the location, show a list, show all, check where, check which, see where, see which, find out where, find out which,
      know where, know which, pinpoint, look through, browse, enumerate, quote, fetch me, dump, tell me the names, tell me the name,
      tell me all, give me a list, give me a quick list, give me the list, show where, show which, names of, fetch the, look where`,
  },
  {
    kind: 'order',
    intent: 'analysis',
    weight: WEIGHTS.know,
    phrases: `
      explain, describe, analyse, analyze, review, compare, summarise, summarize, understand, assess, evaluate, audit, investigate,
      diagnose, inspect, examine, study, plan, suggest, propose, recommend, brainstorm, estimate, justify, clarify, elaborate, outline,
      discuss, consider, judge, rate, check, verify, walk me through, talk me through, take me through, look into, look at, have a look,
      take a look, figure out, find out, tell me about, show me how, show me why, think about, give feedback, feedback, decide, teach,
      teach me, critique, review and, tell me how, tell me why, tell me what, tell me if, tell me whether, tell me your, reason about,
      think through, help me understand, i do not understand, i do not get, i am confused, i am not sure, i am trying to understand,
      dig into, trace, profile, benchmark, see whether, see if, find out why, find out how, find out what, find out if, find out whether,
      give me your opinion, quick question`,
  },
  {
    kind: 'question',
    intent: 'search',
    weight: WEIGHTS.know,
    phrases: `
      where, which, who, how many, how often, what files, what tests, what version, what is the version, what is the name of, is there,
      are there, do we have, do we use, does any, does anyone, does anything, do any, is * used, are * used, is any, are any, any, what *,
      in which file, in what file, what is in, what is the path, what is the url, what is the size, what is the port, what is the default,
      how big, how large, how much, there are any, there is any, when was, in which, to which, from which, on which, what does * say,
      how many of, what is the address, what is the id`,
  },
  {
    kind: 'question',
    intent: 'analysis',
    weight: WEIGHTS.know,
    phrases: `
      why, how, what, which is, which one is, when does, when did, when is, when was, is, are, was, were, do, does, did, would, could, can,
      has, should, do you, is it, is there a reason, is there any reason, how come, any idea, any ideas, what is, what are, what does,
      what do, what did, what would, what will, what should, what could, what can, what has, what have, what was, what were, what happens,
      what happened, what makes, what changed, what causes, what caused, what exactly, what kind, what else, what about, what to, what if,
      what might, in what, under what, for what, am i, will, which of these, which of the two, which of them, what is your opinion,
      what is your view, what is your take, what is your recommendation, what is your advice, what is your suggestion, how do you,
      do you see, do you think`,
  },
  {
    kind: 'vague',
    intent: 'default',
    weight: 5,
    phrases: `
      make, change, update, delete, use, handle, improve, support, allow, keep, set, put, get, let, adjust, tweak, remove, drop, edit,
      modify, extend, increase, decrease, lower, raise, switch, merge, apply, swap, hide, sort, filter, ensure, continue, go ahead, do it,
      proceed, go on, please do, carry on, help, i need, we need, i want, we want, i would like, we would like, do the same, do that,
      do this, do so, include, place, bring, offer, prompt, notify, require, ask`,
  },
  { kind: 'vague', intent: 'refactor', weight: 5, phrases: 'replace, move, migrate, turn, reduce, get rid of, eliminate, isolate, separate, group, pull, strip, prune, shorten, port' },
];

/** Words that colour a clause in which no order settles the matter. */
export const TOPIC_CUES: readonly Cue[] = [
  {
    intent: 'fix',
    weight: 8,
    phrases: `
      bug, bugs, crash, crashes, crashed, crashing, broken, broke, breaks, fails, failing, failed, failure, failures, wrong, wrongly,
      incorrect, incorrectly, exception, exceptions, does not, did not, not working, not work, not *ing, not found, can not, could not,
      no longer, unable to, stopped working, stops working, work again, blows up, hangs, hanging, freezes, stuck, throws, throwing,
      regression, regressions, race condition, deadlock, memory leak, leaks, flaky, typo, typos, nothing happens, getting undefined,
      returns undefined, undefined is, i get a, i am getting, goes wrong, went wrong, keeps *ing, keep *ing, kept *ing, will not, would not,
      must not, should not, should never, is red, time out, times out, timed out, timing out, overlap, overlaps, overlapping, flickers,
      flickering, garbage, garbled, corrupt, corrupted, misaligned, cut off, off by one, one day off, out of sync, disappears, disappeared,
      vanishes, loses, killed, glitch, glitches, segfault, infinite loop, blank page, white screen, complains, complaining, refuses,
      rejects, twice, exit code, is not a function, supposed to, out of memory, malfunction, messed up, misbehaves, does nothing, faulty,
      defect, stale, unresponsive, not respond, not load, not show, not find, no effect, has no, have no effect, not anymore, used to work,
      logged out, security hole, vulnerability, reversed, negative, empty even though, even though, blank, weird, weirdly, strange,
      strangely, odd, oddly, randomly, sometimes, suddenly, after deploying, after the update, after updating, instead it, but it does,
      but nothing, exits immediately, socket hang up, inconsistent, out of bounds, duplicates, mismatch, unreadable, invisible, truncated,
      half of, ignores, ignored, skips, reload loop, rejected, denied, forbidden`,
  },
  {
    intent: 'fix',
    weight: 4,
    phrases: `
      error, errors, warning, warnings, issue, problem, problems, undefined, missing, unexpected, unexpectedly, still, 404, 500, 502, 503,
      invalid`,
  },
  {
    intent: 'refactor',
    weight: 8,
    phrases: `
      dead code, unused, readable, readability, cleaner, simpler, maintainable, duplication, duplicate code, duplicated, identical,
      complexity, faster, more efficient, efficiency, spaghetti, code smell, code smells, magic numbers, pure functions, early returns,
      nested, smaller functions, smaller modules, coupling, technical debt, too long, too slow, hard to read, refactoring, shorter,
      easier to follow, easier to read, easier to test, easier to understand, easier to maintain, into its own, into their own,
      into separate, into a separate, into one, into smaller, naming, singletons, mess, messy, ugly, convoluted, copy pasted, repetitive,
      redundant, boilerplate, dependency injection, strategy pattern, factory pattern, repository pattern, design pattern, code style,
      quicker, performant, performance, god class, long function, circular dependency, circular dependencies, testable, modular, idiomatic,
      elegant, concise, to hooks, any types, type safe, descriptive, more descriptive, better names, meaningful names, share code,
      common code, shared code, global state, global variables, plain function, generic, memory footprint, same behaviour, same behavior,
      reusable, loosely coupled, interfaces, typed, type aliases, optional chaining, separation of concerns, single responsibility,
      template literals, arrow functions, composition`,
  },
  {
    intent: 'analysis',
    weight: 6,
    phrases: `
      explanation, overview, summary, analysis, comparison, review, history of, difference between, pros, cons, trade offs, tradeoffs,
      meaning of, risks of, opinion, your thoughts, advice, feedback, code review, thoughts, rationale, reasons for, reason for, guidance,
      recommendation, recommendations, how it works`,
  },
  {
    intent: 'analysis',
    weight: 5,
    phrases: `
      no code changes, no changes, no edits, without changing anything, without editing anything, read only please, just explain,
      only explain`,
  },
  {
    intent: 'search',
    weight: 6,
    phrases: `
      list of, references to, reference to, usages of, usage of, occurrences of, occurrence of, location of, all uses of, number of,
      every place, all places, callers of, path of, path to, name of, every occurrence, mentions of, where we, names of, name of the,
      contents of, content of`,
  },
  {
    intent: 'default',
    weight: 4,
    phrases: `
      should, must, needs to, want to, would be nice, new feature, feature request, as a user, be able to, let users, allow users, need to,
      going to need`,
  },
  {
    intent: 'default',
    weight: 6,
    phrases: 'logo, icon, icons, image, picture, button, color, colour, font, headline, heading, title, footer, sidebar, banner, background',
  },
];

/** Talk. It only decides when a message holds nothing else. */
export const CASUAL_CUES: readonly Cue[] = [
  {
    intent: 'casual',
    weight: 3,
    phrases: `
      hi, hello, hey, hiya, howdy, yo, greetings, good morning, good afternoon, good evening, good night, good day, welcome back,
      nice to meet you, how are you, how are you doing, how are things, how is it going, how do you do, how was your day, what is up, sup,
      wassup, thanks, thank you, thank you so much, thanks a lot, many thanks, thanks again, thx, ty, tysm, cheers, much appreciated,
      i appreciate it, appreciate it, i really appreciate it, for your help, for the help, for your time, for the explanation, great job,
      good job, nice job, well done, great work, good work, awesome work, nice work, awesome, amazing, great, cool, nice, perfect,
      excellent, brilliant, wonderful, fantastic, lovely, sounds good, looks good, got it, understood, makes sense, i see, no worries,
      no problem, never mind, nevermind, forget it, all good, that worked, that works, it works, it works now, worked perfectly,
      works perfectly, exactly what i wanted, what i wanted, what i needed, lol, haha, hahaha, rofl, wow, oops, sorry, my bad, wrong window,
      wrong chat, wrong tab, bye, goodbye, bye bye, see you, see you later, see you tomorrow, take care, good luck, have a nice day,
      happy birthday, who are you, what are you, what is your name, who made you, what can you do, are you an ai, are you ai, are you a bot,
      are you a robot, are you human, are you there, do you like, tell me a joke, that is funny, that was fast, that was quick, i love it,
      i like it, love it, you are the best, you rock, long time no see, for all your, hard work, your hard work, you are amazing,
      you are great, you are awesome, you are welcome, you are right, you are funny, you did it, well played, congratulations, congrats,
      happy new year, merry christmas, happy holidays, happy friday, how old are you, how was your weekend, how is your day, are you ready,
      are you awake, are you real, what a day, what a beautiful day, what a nice day, what a relief, i am back, i am here, just saying hi,
      for explaining, for explaining that, for clarifying, for the quick reply, for the info, for the clarification, that solved it,
      that did it, that helps, that helped, very helpful, so helpful, helpful, problem solved, good to know, fair enough, no thanks,
      not now, have fun, talk to you later, ttyl, brb, good point, interesting, works great, works now, works like a charm, can you hear me,
      do you have feelings, where are you from, what is new, tell me about yourself, introduce yourself, tell me something funny,
      tell me a story, sing me a song, do you sleep, hello there, hi there, hey there, you are a, you are the, you are so, your favourite,
      your favorite, how was your, what is your, what do you like, do you have a, do you enjoy, what are you doing, what are your hobbies,
      lmao, much better, that is all, that is all for today, that is it for today, i am tired, i am so tired, i am bored, i am happy,
      i am glad, have a good one, have a great day, enjoy your, same to you, and you, good one, see ya, hmm, hm, aha, cheers mate,
      i will try that, i will try it, will do, roger, noted, welcome, lifesaver, legend, love you, bless you, it is friday, yay, hooray,
      woohoo, sweet, i agree, exactly, true`,
  },
];
