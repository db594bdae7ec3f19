// A question before something is done. Refusals show in it, so that one can try again.
import { button, element, returnFocus } from '../dom.js';
import { field, problemBox, submitting } from './form-fields.js';
import { StaleLimits } from './limits-data.js';

/**
 * @param question `{title, text, confirmLabel, isDangerous?, fields?, reason?: 'required' | 'optional', revision?}`; `fields` are nodes shown above the reason
 * @param act called with `{reason, revision}`; what it throws is shown
 * @returns whether it was done
 */
export function confirmAction({ title, text, confirmLabel, isDangerous = false, fields = [], reason = 'optional', revision }, act) {
  const opener = document.activeElement;
  const box = problemBox();
  const reasonInput = element('input', [], { name: 'reason', type: 'text', required: reason === 'required', maxLength: 500, autocomplete: 'off' });
  const confirm = element('button', [confirmLabel], { type: 'submit', className: isDangerous ? 'danger' : 'primary' });
  const cancel = button('Cancel', () => dialog.close());
  const form = element('form', [
    element('h2', [title], { id: 'confirm-title' }),
    ...(text ? [element('p', [text])] : []),
    ...fields,
    field(reason === 'required' ? 'Reason' : 'Reason (optional)', reasonInput),
    box,
    element('div', [cancel, confirm], { className: 'actions' }),
  ]);
  const dialog = element('dialog', [form], { 'aria-labelledby': 'confirm-title' });
  document.body.append(dialog);
  dialog.showModal();

  return new Promise((resolve) => {
    let isDone = false;
    let readRevision = revision;
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      isDone = await submitting(form, box, () => act({ reason: reasonInput.value.trim() || undefined, revision: readRevision }).catch((error) => {
        if (error instanceof StaleLimits) {
          readRevision = error.revision;
          confirm.textContent = 'Try again';
        }
        throw error;
      }));
      if (isDone) dialog.close();
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      returnFocus(opener);
      resolve(isDone);
    });
  });
}
