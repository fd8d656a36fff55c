// The page: what the sandbox tells by server-sent events is drawn; what a person does is posted. It keeps nothing.

import {$, clock, draw, follow, h, options, post} from './dom.js';
import * as crm from './crm.js';
import * as slack from './slack.js';
import * as telegram from './telegram.js';

let state = null;
let thread = null;

const agent = () => $('agent').value;
const member = () => $('direct-who').value;
const direct = () => state.slack.direct[member()];

const tabs = (name) => [...$(`tab-${name}`).closest('[role=tablist]').querySelectorAll('[data-tab]')];

function tab(name) {
  for (const one of tabs(name)) {
    const chosen = one.dataset.tab === name;
    one.setAttribute('aria-selected', chosen);
    one.tabIndex = chosen ? 0 : -1;
    $(one.dataset.tab).hidden = !chosen;
  }
  const open = [...document.querySelectorAll('[data-tab][aria-selected=true]')].map((one) => one.dataset.tab);
  history.replaceState(null, '', `#${open.join('+')}`);
  show();
}

function open(message) {
  thread = {channel: message.channel, ts: message.ts};
  show();
  $('thread-say').elements.text.focus();
}

function show() {
  if (!state) return;
  const {slack: desk} = state;
  options($('telegram-who'), state.telegram.people.map((one) => ({value: String(one.id), label: one.name})));
  options($('agent'), desk.agents.map((id) => ({value: id, label: desk.people[id]})));
  options($('direct-who'), desk.members.map((id) => ({value: id, label: desk.people[id]})));
  options($('channel'), desk.channels.map((one) => ({value: one.id, label: `#${one.name}`})));
  telegram.show(state.telegram, $('telegram-who').value);
  slack.room($('channel-log'), desk, agent(), $('channel').value, open);
  slack.room($('direct-log'), desk, member(), direct(), null);
  $('thread').hidden = !thread;
  if (thread) slack.thread($('thread-log'), desk, agent(), thread);
  crm.show(state.crm);
  slack.modal(desk, [agent(), member()]);
  draw($('calls'), state.sent, () => state.sent.map((one) => h('tr', null, h('td', null, clock(one.at)), h('td', null, one.to), h('td', null, one.what),
    h('td', {class: 'words'}, one.words), h('td', {class: one.answer === 'ok' ? '' : 'bad'}, one.answer))));
  $('count').textContent = `(${state.calls})`;
  tick();
}

function tick() {
  if (!state) return;
  const ahead = Date.now() - state.heard;
  const now = new Date(state.now + ahead);
  $('now').textContent = now.toLocaleString([], {weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit'});
  $('now').dateTime = now.toISOString();
}

function first() {
  $('chat').src = state.links.chat;
  $('shop').href = state.links.shop;
  $('alone').href = state.links.chat;
  crm.connect(() => state.crm);
  telegram.connect(state, () => $('telegram-who').value);
  slack.says($('channel-say'), agent, () => ({channel: $('channel').value}));
  slack.says($('thread-say'), agent, () => ({channel: thread.channel, thread: thread.ts}));
  slack.says($('direct-say'), member, () => ({channel: direct()}));
  $('survey').addEventListener('click', () => slack.command(member(), direct(), '/survey'));
  $('trouble').addEventListener('submit', (event) => {
    event.preventDefault();
    const {to, what} = event.target.elements;
    post('api/act', {on: 'trouble', to: to.value, what: what.value});
  });
  for (const select of document.querySelectorAll('select')) select.addEventListener('change', show);
}

function listen() {
  const events = new EventSource('api/events');
  events.onmessage = (event) => {
    const fresh = state === null;
    state = {...JSON.parse(event.data), heard: Date.now()};
    if (fresh) {
      first();
      show();
    }
    if ($('state').dataset.said !== state.said) $('state').textContent = $('state').dataset.said = state.said;
    show();
  };
  events.onerror = () => {
    $('state').dataset.said = '';
    $('state').textContent = 'the sandbox has stopped';
  };
}

for (const one of document.querySelectorAll('[data-tab]')) {
  one.addEventListener('click', () => tab(one.dataset.tab));
  one.addEventListener('keydown', (event) => {
    const all = tabs(one.dataset.tab);
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step) return;
    const next = all[(all.indexOf(one) + step + all.length) % all.length];
    tab(next.dataset.tab);
    next.focus();
  });
}
for (const one of document.querySelectorAll('[data-move]')) one.addEventListener('click', () => post('api/clock', {by: Number(one.dataset.move)}));
$('thread-close').addEventListener('click', () => {
  thread = null;
  show();
});
const asked = location.hash.slice(1).split('+');
tab(['telegram', 'direct'].find((name) => asked.includes(name)) ?? 'web');
tab(asked.includes('crm') ? 'crm' : 'rooms');
document.querySelectorAll('.log').forEach(follow);
setInterval(tick, 1000);
listen();
