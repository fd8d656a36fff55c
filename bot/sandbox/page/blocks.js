// Block Kit, well enough to recognise what Slack would draw. `ctx`: {people, press(element, choice), key}.

import {h} from './dom.js';
import {rich, words} from './mrkdwn.js';

const pick = (element, ctx) => h('select', {'data-key': ctx.key(element), 'aria-label': element.placeholder?.text ?? 'Choose',
  change: (event) => ctx.press(element, event.target.value)},
h('option', {value: '', disabled: true, selected: !element.initial_option}, element.placeholder?.text ?? 'Choose'),
(element.options ?? element.option_groups?.flatMap((group) => group.options) ?? []).map((one) => h('option', {value: one.value, selected: one.value === element.initial_option?.value}, one.text.text)));

function menu(element, ctx) {
  const list = h('div', {class: 'menu'}, element.options.map((one) => (one.url
    ? h('a', {href: one.url, target: '_blank', rel: 'noopener'}, one.text.text)
    : h('button', {type: 'button', click: () => ctx.press(element, one.value)}, words(one.text, ctx.people)))));
  return h('details', {class: 'overflow'}, h('summary', {'aria-label': 'More', 'data-key': ctx.key(element)}, '⋯'), list);
}

/** Something that acts at once: a button, a menu, a select. */
function control(element, ctx) {
  if (element.type === 'button') {
    const props = {class: element.style ?? '', 'data-key': ctx.key(element)};
    return element.url
      ? h('a', {...props, class: `button ${props.class}`, href: element.url, target: '_blank', rel: 'noopener'}, words(element.text, ctx.people))
      : h('button', {...props, type: 'button', click: () => ctx.press(element, element.value ?? null)}, words(element.text, ctx.people));
  }
  if (element.type === 'overflow') return menu(element, ctx);
  if (element.type === 'static_select') return pick(element, ctx);
  if (element.type === 'image') return h('span', {class: 'quiet'}, `(${element.alt_text})`);
  if (['radio_buttons', 'checkboxes'].includes(element.type)) return h('div', null, field(element, ctx, `${ctx.scope}-${element.action_id}`, false));
  return h('span', {class: 'quiet'}, `(${element.type})`);
}

const TYPES = {email_text_input: 'email', url_text_input: 'url', number_input: 'text', datepicker: 'date', timepicker: 'time', datetimepicker: 'datetime-local', plain_text_input: 'text'};

/** A field of a modal, named so that `values` finds it again. */
function field(element, ctx, name, required) {
  const known = [element.initial_option?.value, ...(element.initial_options ?? []).map((one) => one.value)];
  if (element.type === 'radio_buttons' || element.type === 'checkboxes') {
    const type = element.type === 'checkboxes' ? 'checkbox' : 'radio';
    return element.options.map((one) => h('label', {class: 'choice'}, h('input', {type, name, value: one.value, checked: known.includes(one.value), required: required && type === 'radio'}),
      h('span', null, words(one.text, ctx.people), one.description && h('small', null, words(one.description, ctx.people)))));
  }
  if (element.type.endsWith('static_select')) {
    return h('select', {name, required, multiple: element.type.startsWith('multi')}, element.initial_option ? null : h('option', {value: ''}, element.placeholder?.text ?? ''),
      (element.options ?? []).map((one) => h('option', {value: one.value, selected: known.includes(one.value)}, one.text.text)));
  }
  const initial = element.initial_value ?? element.initial_date ?? element.initial_time ?? '';
  const props = {name, required, placeholder: element.placeholder?.text, maxlength: element.max_length, minlength: element.min_length};
  return element.multiline ? h('textarea', {...props, rows: 3}, initial) : h('input', {...props, type: TYPES[element.type] ?? 'text', value: initial});
}

/** What the fields of a modal hold, by action_id: a text, or a list where several can be chosen. */
export function values(form, blocks) {
  const found = {};
  for (const {type, block_id: block, element} of blocks) {
    if (type !== 'input') continue;
    const nodes = [...form.querySelectorAll(`[name="${CSS.escape(`${block}/${element.action_id}`)}"]`)];
    if (element.type === 'radio_buttons') found[element.action_id] = nodes.find((one) => one.checked)?.value ?? null;
    else if (element.type === 'checkboxes') found[element.action_id] = nodes.filter((one) => one.checked).map((one) => one.value);
    else if (element.type.startsWith('multi')) found[element.action_id] = [...nodes[0].selectedOptions].map((one) => one.value);
    else found[element.action_id] = nodes[0].value || null;
  }
  return found;
}

const KINDS = {
  header: (block, ctx) => h('h4', null, words(block.text, ctx.people)),
  divider: () => h('hr'),
  section: (block, ctx) => h('div', {class: 'section'}, h('div', null, block.text && h('p', null, words(block.text, ctx.people)),
    block.fields && h('div', {class: 'fields'}, block.fields.map((one) => h('p', null, words(one, ctx.people))))), block.accessory && control(block.accessory, ctx)),
  context: (block, ctx) => h('p', {class: 'quiet'}, block.elements.map((one) => (one.type === 'image' ? `(${one.alt_text}) ` : h('span', null, words(one, ctx.people))))),
  actions: (block, ctx) => h('div', {class: 'actions'}, block.elements.map((one) => control(one, ctx))),
  rich_text: (block, ctx) => block.elements.map((one) => rich(one, ctx.people)),
  image: (block) => h('p', {class: 'quiet'}, `(${block.alt_text})`),
  input: (block, ctx) => {
    const name = `${block.block_id}/${block.element.action_id}`;
    const several = ['radio_buttons', 'checkboxes'].includes(block.element.type);
    const error = ctx.errors?.[block.block_id];
    return h(several ? 'fieldset' : 'label', {class: 'input'}, h(several ? 'legend' : 'b', null, block.label.text, block.optional && h('i', null, ' (optional)')),
      field(block.element, ctx, name, !block.optional), error && h('small', {class: 'bad', role: 'alert'}, error), block.hint && h('small', null, block.hint.text));
  },
};

export const blocks = (list, ctx) => list.map((block) => {
  const within = {...ctx, press: (element, choice) => ctx.press({...element, block_id: block.block_id}, choice)};
  return (KINDS[block.type] ?? (() => h('p', {class: 'quiet'}, `(${block.type})`)))(block, within);
}).flat();
