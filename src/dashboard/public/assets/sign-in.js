// Asks for an API key, which is kept in this tab only.
import { element } from './dom.js';

const KEY_NAME = 'lomu.api-key';

let asking = null;

export function apiKey() {
  return sessionStorage.getItem(KEY_NAME);
}

/** Several calls that need a key at the same time share one question. @returns whether a key was given */
export function askForKey() {
  asking ??= ask().finally(() => (asking = null));
  return asking;
}

function ask() {
  const input = element('input', [], { id: 'api-key', type: 'password', autocomplete: 'off', required: true });
  const form = element('form', [
    element('h2', ['API key'], { id: 'sign-in-title' }),
    element('p', ['This server asks for an API key. It is kept in this tab only.']),
    element('label', ['Key'], { htmlFor: 'api-key' }),
    input,
    element('div', [element('button', ['Use it'], { className: 'primary', value: 'ok' })], { className: 'actions' }),
  ], { method: 'dialog' });
  const dialog = element('dialog', [form], { 'aria-labelledby': 'sign-in-title' });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const key = dialog.returnValue === 'ok' ? input.value.trim() : '';
      if (key) sessionStorage.setItem(KEY_NAME, key);
      dialog.remove();
      resolve(key !== '');
    });
  });
}
