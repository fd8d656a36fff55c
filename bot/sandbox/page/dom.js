// Elements from words, never from markup: what anybody typed stays text.

export const $ = (id) => document.getElementById(id);

const ADDRESS = /^(https?|mailto|tel):/i;

/** An element; attributes that are functions are listeners, those that are false or null, and odd links, are left out. */
export function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === 'function') node.addEventListener(name, value);
    else if (value !== false && value != null && (name !== 'href' || ADDRESS.test(value))) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
}

const shown = new WeakMap();

const away = new WeakSet();
const resized = new ResizeObserver((all) => all.forEach(({target}) => end(target)));
const end = (log) => away.has(log) || (log.scrollTop = log.scrollHeight);

/** Keep the end of this log in sight, whatever is drawn or resized, unless somebody scrolled up in it. */
export function follow(log) {
  log.addEventListener('scroll', () => (log.scrollHeight - log.scrollTop - log.clientHeight < 60 ? away.delete(log) : away.add(log)));
  resized.observe(log);
}

/** Draw what is inside `node` again where `data` changed, and keep the focus. */
export function draw(node, data, make) {
  const text = JSON.stringify(data);
  if (shown.get(node) === text) return;
  shown.set(node, text);
  const key = node.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  node.replaceChildren(...[make(data)].flat().filter(Boolean));
  if (key) node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
  if (node.matches('.log')) end(node);
}

export function options(select, list) {
  draw(select, list, () => {
    const before = select.value;
    const made = list.map(({value, label}) => h('option', {value, selected: value === before}, label));
    return made;
  });
}

export const clock = (ms) => new Date(ms).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});

export async function post(path, body) {
  const answer = await fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
  const found = answer.ok ? {} : await answer.json().catch(() => ({}));
  $('state').textContent = answer.ok ? $('state').dataset.said : found.detail ?? `refused (${answer.status})`;
  return answer.ok;
}
