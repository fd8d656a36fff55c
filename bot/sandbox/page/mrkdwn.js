// Slack's mrkdwn and rich text as elements.

import {h} from './dom.js';

const EMOJI = {lock: '🔒', white_check_mark: '✅', heavy_check_mark: '✓', warning: '⚠️', no_entry: '⛔', telephone_receiver: '📞', bell: '🔔', eyes: '👀', tada: '🎉', x: '❌', hourglass: '⏳', hourglass_flowing_sand: '⏳', speech_balloon: '💬', wave: '👋', zzz: '💤', memo: '📝', rotating_light: '🚨', star: '⭐'};
const MARKS = {'*': 'strong', _: 'em', '~': 's', '`': 'code'};
const PIECE = /<([^<>]*)>|:([a-z0-9_+-]+):|(?<![\p{L}\p{N}])([*_~`])(?=\S)(.+?)(?<=\S)\3(?![\p{L}\p{N}])/gu;

export const emoji = (name) => EMOJI[name] ?? `:${name}:`;
const plain = (text) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

function date(seconds, form, fallback) {
  const when = new Date(seconds * 1000);
  if (Number.isNaN(when.getTime())) return fallback;
  const time = when.toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  const day = when.toLocaleDateString([], {weekday: 'short', day: 'numeric', month: 'short'});
  const full = when.toLocaleDateString([], {day: 'numeric', month: 'long', year: 'numeric'});
  return form.replace(/\{time(_secs)?\}/g, time).replace(/\{date_num\}/g, when.toISOString().slice(0, 10))
    .replace(/\{date(_long)?(_pretty)?\}/g, full).replace(/\{date_short(_pretty)?\}/g, day).replace(/\{ago\}/g, `${day} ${time}`);
}

function special(inside, people) {
  const [what, label] = [inside.split('|')[0], inside.includes('|') ? plain(inside.slice(inside.indexOf('|') + 1)) : ''];
  if (what.startsWith('@')) return h('span', {class: 'mention'}, `@${people[what.slice(1)] || label || what.slice(1)}`);
  if (what.startsWith('#')) return h('span', {class: 'mention'}, `#${label || what.slice(1)}`);
  if (what.startsWith('!date^')) {
    const [, seconds, form] = what.split('^');
    return h('time', {title: label}, date(Number(seconds), form, label));
  }
  if (what.startsWith('!')) return h('span', {class: 'mention'}, `@${(label || what.slice(1)).replace(/^@/, '')}`);
  return h('a', {href: plain(what), target: '_blank', rel: 'noopener'}, label || plain(what));
}

/** A text in mrkdwn, as children of an element. */
export function mrkdwn(text, people) {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(PIECE)) {
    out.push(plain(text.slice(at, found.index)));
    at = found.index + found[0].length;
    if (found[1] !== undefined) out.push(special(found[1], people));
    else if (found[2] !== undefined) out.push(emoji(found[2]));
    else out.push(h(MARKS[found[3]], null, found[3] === '`' ? plain(found[4]) : mrkdwn(found[4], people)));
  }
  return [...out, plain(text.slice(at))];
}

export const words = (node, people) => (node.type === 'mrkdwn' ? mrkdwn(node.text, people) : [node.text.replace(/:([a-z0-9_+-]+):/g, (_, name) => emoji(name))]);

function inline(node, people) {
  if (node.type === 'link') return h('a', {href: node.url, target: '_blank', rel: 'noopener'}, node.text ?? node.url);
  if (node.type === 'user') return h('span', {class: 'mention'}, `@${people[node.user_id] ?? node.user_id}`);
  if (node.type === 'emoji') return node.unicode ? String.fromCodePoint(...node.unicode.split('-').map((code) => parseInt(code, 16))) : emoji(node.name);
  if (node.type === 'date') return date(node.timestamp, node.format, node.fallback);
  if (node.type === 'broadcast') return h('span', {class: 'mention'}, `@${node.range}`);
  const tag = node.style?.bold ? 'strong' : node.style?.italic ? 'em' : node.style?.strike ? 's' : node.style?.code ? 'code' : null;
  return tag ? h(tag, null, node.text ?? '') : node.text ?? '';
}

/** One element of a rich_text block. */
export function rich(node, people) {
  const inside = () => node.elements.map((one) => inline(one, people));
  if (node.type === 'rich_text_quote') return h('blockquote', null, inside());
  if (node.type === 'rich_text_preformatted') return h('pre', null, inside());
  if (node.type === 'rich_text_list') return h(node.style === 'ordered' ? 'ol' : 'ul', null, node.elements.map((one) => h('li', null, one.elements.map((piece) => inline(piece, people)))));
  return h('p', null, inside());
}
