// Slack as one person sees it: a channel or direct messages, a thread, a modal.

import {$, clock, draw, h, post} from './dom.js';
import {blocks, values} from './blocks.js';
import {emoji, mrkdwn} from './mrkdwn.js';

const act = (who, what) => post('api/act', {on: 'slack', who, ...what});
const COLORS = 6;

function avatar(name, app) {
  const color = app ? 'app' : `c${[...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % COLORS}`;
  return h('span', {class: `avatar ${color}`, 'aria-hidden': 'true'}, name.slice(0, 1).toUpperCase());
}

function context(state, who, message) {
  const where = {channel: message.channel, ts: message.ts};
  return {
    people: state.people, scope: message.ts, errors: {},
    key: (element) => `${message.ts}:${element.action_id}:${element.value ?? ''}`,
    press: (element, value) => act(who, {...where, do: element.type === 'button' ? 'press' : 'choose', action: element.action_id, value}),
  };
}

function line(state, who, message, replies, open) {
  const app = Boolean(message.bot_id);
  const name = message.username ?? state.people[message.user] ?? message.user;
  const body = message.blocks?.length ? blocks(message.blocks, context(state, who, message)) : h('p', null, mrkdwn(message.text, state.people));
  const marks = (message.reactions ?? []).map((one) => h('span', {class: 'mark'}, emoji(one.name), ` ${one.count}`));
  const files = (message.files ?? []).map((one) => h('span', {class: 'mark'}, one.name));
  return h('article', {class: message.only ? 'message only' : 'message'}, avatar(name, app && !message.username), h('div', {class: 'body'},
    h('p', {class: 'by'}, h('b', null, name), app && h('span', {class: 'tag'}, 'APP'), h('time', null, clock(message.ts * 1000)), message.edited && h('span', {class: 'quiet'}, '(edited)')),
    body, marks, files, message.only && h('p', {class: 'quiet'}, 'Only you see this.'),
    open && h('button', {type: 'button', class: 'replies', 'data-key': `open:${message.ts}`, click: () => open(message)}, replies ? `${replies} ${replies === 1 ? 'reply' : 'replies'}` : 'Reply in thread')));
}

/** The messages of a room; `open` opens a thread, where there may be one. */
export function room(node, state, who, channel, open) {
  const all = state.messages[channel] ?? [];
  const only = state.ephemeral.filter((one) => one.channel === channel && one.to === who).map((one) => ({...one, only: true}));
  const replies = (ts) => all.filter((one) => one.thread_ts === ts && one.ts !== ts).length;
  const top = [...all.filter((one) => !one.thread_ts || one.thread_ts === one.ts), ...only.filter((one) => !one.thread_ts)].sort((a, b) => a.ts - b.ts);
  const data = {who, top: top.map((one) => [one, replies(one.ts)])};
  draw(node, data, () => (top.length ? top.map((one) => line(state, who, one, replies(one.ts), open)) : h('p', {class: 'quiet'}, 'Nothing here yet.')));
}

export function thread(node, state, who, {channel, ts}) {
  const only = state.ephemeral.filter((one) => one.thread_ts === ts && one.to === who).map((one) => ({...one, only: true}));
  const all = [...(state.messages[channel] ?? []).filter((one) => one.ts === ts || one.thread_ts === ts), ...only].sort((a, b) => a.ts - b.ts);
  draw(node, {who, all}, () => all.map((one) => line(state, who, one, 0, null)));
}

let drawn = '';

/** The modal that is open at one of these people, drawn once: what is typed into it stays. */
export function modal(state, people) {
  const dialog = $('modal');
  const who = people.find((one) => state.modals[one]);
  const view = who && state.modals[who];
  const key = view ? `${view.id} ${view.hash} ${JSON.stringify(view.errors)}` : '';
  if (key === drawn) return;
  const again = drawn.split(' ')[0] === view?.id;
  const typed = again ? new FormData(dialog.querySelector('form')) : null;
  drawn = key;
  if (!view) {
    dialog.close();
    return;
  }
  const ctx = {
    people: state.people, scope: view.id, errors: view.errors, key: (element) => `${view.id}:${element.action_id}:${element.value ?? ''}`,
    press: (element, value) => act(who, {do: element.type === 'button' ? 'press' : 'choose', view: view.id, action: element.action_id, value}),
  };
  const close = () => act(who, {do: 'close'});
  const submit = (event) => {
    event.preventDefault();
    act(who, {do: 'submit', view: view.id, values: values(event.target, view.blocks)});
  };
  const form = h('form', {submit}, h('h3', {id: 'modal-title'}, view.title?.text ?? ''), h('div', {class: 'fields-of'}, blocks(view.blocks, ctx)),
    h('div', {class: 'actions'}, h('button', {type: 'button', click: close}, view.close?.text ?? 'Close'), view.submit && h('button', {class: 'primary'}, view.submit.text)));
  dialog.replaceChildren(form);
  for (const [name, value] of typed ?? []) {
    const field = form.querySelector(`[name="${CSS.escape(name)}"]:not([type=radio], [type=checkbox])`) ?? form.querySelector(`[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`);
    if (field?.matches('[type=radio], [type=checkbox]')) field.checked = true;
    else if (field) field.value = value;
  }
  dialog.oncancel = (event) => {
    event.preventDefault();
    close();
  };
  if (!dialog.open) dialog.showModal();
}

/** Let a form say what is typed, as `who()`, where `place()` says. A slash begins a command. */
export function says(form, who, place) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = form.elements.text.value.trim();
    const where = place();
    if (text && /^\/[a-z]/.test(text) && !where.thread) act(who(), {do: 'command', channel: where.channel, text});
    else if (text) act(who(), {do: 'say', text, ...where});
    form.elements.text.value = '';
  });
}

export const command = (who, channel, text) => act(who, {do: 'command', channel, text});
