// The Telegram chat of one person: messages, inline keyboards, the keyboard below.

import {$, clock, draw, h, post} from './dom.js';

const FORMS = {bold: 'strong', italic: 'em', underline: 'u', strikethrough: 's', code: 'code', pre: 'pre', blockquote: 'blockquote', spoiler: 'span'};

/** Bare addresses are links, as the platform makes them. */
const linked = (text) => text.split(/(https?:\/\/[^\s<>]+)/).map((part, at) => (at % 2 ? h('a', {href: part, target: '_blank', rel: 'noopener'}, part) : part));

/** The text with its entities, which count UTF-16 units as JavaScript does; nested ones are drawn as one stretch. */
function rich(message) {
  const text = message.text ?? '';
  const out = [];
  let at = 0;
  for (const {type, offset, length, url} of message.entities ?? []) {
    if (offset < at) continue;
    out.push(...linked(text.slice(at, offset)));
    const words = text.slice(offset, offset + length);
    out.push(type === 'text_link' ? h('a', {href: url, target: '_blank', rel: 'noopener'}, words) : h(FORMS[type] ?? 'span', null, words));
    at = offset + length;
  }
  return [...out, ...linked(text.slice(at))];
}

const act = (who, what) => post('api/act', {on: 'telegram', who, ...what});

function keyboard(who, message) {
  const rows = message.reply_markup?.inline_keyboard ?? [];
  return rows.length === 0 ? null : h('div', {class: 'keys'}, rows.map((row) => h('div', null, row.map((button) => (button.url
    ? h('a', {class: 'key', href: button.url, target: '_blank', rel: 'noopener'}, `${button.text} ↗`)
    : h('button', {type: 'button', class: 'key', 'data-key': `${message.message_id}:${button.callback_data}`,
      click: () => act(who, {do: 'press', text: button.callback_data, message: message.message_id})}, button.text))))));
}

function bubble(person, bot, message) {
  const mine = message.from.id !== bot;
  const file = ['photo', 'voice', 'sticker', 'contact'].find((name) => message[name]);
  const words = file ? `(${file}${message.contact ? ` ${message.contact.phone_number}` : ''})` : rich(message);
  return h('div', {class: mine ? 'line mine' : 'line'},
    h('p', {class: 'bubble'}, words, h('time', null, clock(message.date * 1000), message.edit_date ? ' edited' : '')),
    mine ? null : keyboard(person.id, message));
}

export function show(state, who) {
  const person = state.people.find((one) => String(one.id) === who) ?? state.people[0];
  if (!person) return;
  draw($('telegram-log'), person, () => [
    ...person.messages.map((message) => bubble(person, state.bot, message)),
    person.blocked && h('p', {class: 'quiet'}, `${person.name} has blocked the bot.`),
    person.messages.length === 0 && h('p', {class: 'quiet'}, 'Press Start, or just write.'),
  ]);
  draw($('telegram-keys'), person.keys, () => person.keys.map((row) => h('div', null, row.map((key) =>
    h('button', {type: 'button', class: 'key', 'data-key': key.text, click: () => act(person.id, {do: 'press', text: key.text})}, key.text)))));
  $('block').textContent = person.blocked ? 'Unblock' : 'Block';
}

export function connect(state, who) {
  $('telegram-say').addEventListener('submit', (event) => {
    event.preventDefault();
    const field = event.target.elements.text;
    if (field.value.trim()) act(Number(who()), {do: 'say', text: field.value});
    field.value = '';
  });
  for (const button of document.querySelectorAll('[data-telegram]')) {
    button.addEventListener('click', () => act(Number(who()), {do: button.dataset.telegram}));
  }
}
