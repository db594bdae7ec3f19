// A small part of Markdown as DOM nodes: fences, inline code, bold, lists. No HTML is ever parsed.
import { element } from './dom.js';

export function renderMarkdown(text) {
  const fragment = document.createDocumentFragment();
  let paragraph = [];
  let list = null;
  let fence = null;

  const endParagraph = () => {
    if (paragraph.length > 0) fragment.append(element('p', emphasised(paragraph.join('\n'))));
    paragraph = [];
  };
  const endList = () => {
    list = null;
  };

  for (const line of text.split('\n')) {
    if (fence) {
      if (line.trimEnd() === '```') fence = null;
      else fence.textContent += `${line}\n`;
    } else if (line.startsWith('```')) {
      endParagraph();
      endList();
      fence = document.createElement('code');
      fragment.append(element('pre', [fence]));
    } else if (/^\s*[-*] /.test(line)) {
      endParagraph();
      if (!list) fragment.append((list = document.createElement('ul')));
      list.append(element('li', inline(line.replace(/^\s*[-*] /, ''))));
    } else if (line.trim() === '') {
      endParagraph();
      endList();
    } else {
      endList();
      paragraph.push(line);
    }
  }
  endParagraph();
  return fragment;
}

/** A paragraph between underscores is emphasised as a whole; within words they are part of names. */
function emphasised(text) {
  return /^_.+_$/s.test(text) ? [element('em', inline(text.slice(1, -1)))] : inline(text);
}

function inline(text) {
  return text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/).map((piece) => {
    if (piece.length > 2 && piece.startsWith('`')) return element('code', [piece.slice(1, -1)]);
    if (piece.length > 4 && piece.startsWith('**')) return element('strong', [piece.slice(2, -2)]);
    return piece;
  });
}
