// Below the row of a limit: an override for everybody, a plan, an intent or a user, and those there are.
import { button, element } from '../dom.js';
import { confirmAction } from './confirm-dialog.js';
import { field, problemBox, readTime, select, submitting, valueControl } from './form-fields.js';
import { formatBounds, formatScope, formatValue, timeNode } from './format.js';
import { StaleLimits } from './limits-data.js';

const SCOPES = [['global', 'Everybody'], ['plan', 'Users of a plan'], ['intent', 'Runs with an intent'], ['user', 'One user']];

export class LimitEditor {
  #data;
  #item;
  #close;
  /** The revision that the person sees and decides on. */
  #revision;

  constructor(data, item, close) {
    this.#data = data;
    this.#item = item;
    this.#close = close;
    this.#revision = data.revision;
    this.key = item.key;
    this.list = element('div');
    this.node = element('div', [item.mutable ? this.#form() : bootNote(item), this.list, this.#links()]);
    this.node.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') close();
    });
    this.#listOverrides();
  }

  focus() {
    (this.node.querySelector('[name=value]') ?? this.node.querySelector('a')).focus();
  }

  /** Something changed while this is open. Values typed here stay; saving says what it was. */
  noteChange() {
    this.#listOverrides();
  }

  #form() {
    const item = this.#item;
    this.value = valueControl(item, item.value);
    this.scope = select(SCOPES, { name: 'scope' });
    this.scopeId = element('div', [], { className: 'field', hidden: true });
    this.expiresAt = element('input', [], { type: 'datetime-local', name: 'expiresAt' });
    this.reason = element('input', [], { type: 'text', name: 'reason', maxLength: 500, autocomplete: 'off' });
    this.problem = problemBox();
    this.save = element('button', ['Save'], { type: 'submit', className: 'primary' });
    this.scope.addEventListener('change', () => this.#showScopeId());
    const capped = item.source === 'emergency' ? [element('p', ['The emergency profile caps this limit now. An override shows once it is lifted, or where it is stricter.'], { className: 'muted' })] : [];
    const fields = [
      field('New value', this.value.control, `${item.unit}, ${formatBounds(item)}`),
      field('For', this.scope),
      this.scopeId,
      field('Until (optional)', this.expiresAt),
      field('Reason', this.reason),
    ];
    const form = element('form', [...capped, element('div', fields, { className: 'fields' }), this.problem, element('div', [button('Cancel', this.#close), this.save], { className: 'actions' })], {
      noValidate: true, // the server's words say more than the browser's
      ariaLabel: `Override of ${item.key}`,
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit(form);
    });
    return form;
  }

  #showScopeId() {
    const kind = this.scope.value;
    this.scopeId.hidden = kind === 'global';
    if (kind === 'global') return;
    const control = kind === 'intent' ? select(this.#data.intents.map((intent) => [intent, intent]), { name: 'scope.id' }) : element('input', [], { type: 'text', name: 'scope.id', spellcheck: false, autocomplete: 'off' });
    this.scopeId.replaceChildren(...field({ plan: 'Plan', intent: 'Intent', user: 'User id' }[kind], control).children);
  }

  #readScope() {
    const kind = this.scope.value;
    return kind === 'global' ? { kind } : { kind, id: this.scopeId.querySelector('[name="scope.id"]').value.trim() };
  }

  async #submit(form) {
    const isSaved = await submitting(form, this.problem, () => this.#send());
    if (isSaved) this.#close();
  }

  async #send() {
    const { key } = this.#item;
    const body = { value: this.value.read(), scope: this.#readScope(), reason: this.reason.value, expiresAt: readTime(this.expiresAt) };
    try {
      await this.#data.change('PUT', `/api/limits/${key}`, body, this.#revision);
    } catch (error) {
      if (error instanceof StaleLimits) {
        this.#revision = error.revision;
        this.save.textContent = 'Try again';
      }
      throw error;
    }
    this.#data.announce(`${key} is ${formatValue(body.value)} for ${formatScope(body.scope)} now.`);
  }

  #listOverrides() {
    const overrides = this.#data.overrides.get(this.key) ?? [];
    if (overrides.length === 0) {
      this.list.replaceChildren();
      return;
    }
    const rows = overrides.map((override) => {
      const { scope, value, reason, createdBy, createdAt, expiresAt } = override;
      const until = expiresAt ? [', until ', timeNode(expiresAt)] : [];
      const remove = button('Remove', () => void this.#remove(override), { className: 'small', ariaLabel: `Remove the override for ${formatScope(scope)}` });
      return element('li', [element('span', [element('strong', [formatValue(value)]), ` for ${formatScope(scope)}`, ...until, element('small', [`${createdBy}, `, timeNode(createdAt), `: ${reason}`], { className: 'muted' })]), remove]);
    });
    this.list.replaceChildren(element('h3', ['Overrides']), element('ul', rows, { className: 'overrides' }));
  }

  async #remove({ scope, value }) {
    const { key } = this.#item;
    const question = {
      title: `Remove the override for ${formatScope(scope)}?`,
      text: `${key} is ${formatValue(value)} there. Without it, the next layer decides.`,
      confirmLabel: 'Remove',
      isDangerous: true,
      revision: this.#data.revision,
    };
    const isDone = await confirmAction(question, ({ reason, revision }) => this.#data.change('DELETE', `/api/limits/${key}`, { reason, scope }, revision));
    if (!isDone) return;
    this.#data.announce(`The override of ${key} for ${formatScope(scope)} is removed.`);
    this.#close();
  }

  #links() {
    const key = encodeURIComponent(this.key);
    return element('p', [
      element('a', ['Explain for a user'], { href: `?view=effective&q=${key}` }),
      element('a', ['History of this limit'], { href: `?view=history&key=${key}` }),
      element('span', ['Environment: ', element('code', [this.#item.env])], { className: 'muted' }),
    ], { className: 'links' });
  }
}

function bootNote({ env }) {
  return element('p', ['Read once at boot, so it cannot be changed here. Set ', element('code', [env]), ' and restart.']);
}
