// The records of one CRM, as its own page would show them, and what may befall it.

import {$, draw, h, options, post} from './dom.js';

const records = (one) => one.tables.reduce((sum, table) => sum + table.count, 0);

function condition(one) {
  if (one.file) return 'a file in the data folder';
  if (!one.up) return 'down: refuses connections';
  return one.locked ? 'up, and refuses our log-in' : `up, ${one.requests} ${one.requests === 1 ? 'request' : 'requests'}`;
}

function table({title, columns, rows, count}) {
  const head = h('thead', null, h('tr', null, columns.map((name) => h('th', {scope: 'col'}, name))));
  const body = h('tbody', null, rows.map((row) => h('tr', null, row.map((cell) => h('td', {title: cell}, cell)))));
  return h('section', {'aria-label': title}, h('h3', null, `${title} (${count})`),
    rows.length ? h('table', null, head, body) : h('p', {class: 'quiet'}, 'Nothing here yet.'));
}

const chosen = (state) => state.all.find((one) => one.kind === $('crm-which').value) ?? state.all[0];

export function show(state) {
  options($('crm-which'), state.all.map((one) => ({value: one.kind, label: `${one.title} (${records(one)})`})));
  const one = chosen(state);
  for (const button of document.querySelectorAll('[data-crm]')) button.disabled = !one || one.file;
  if (!one) {
    $('crm-state').textContent = 'A settings file was named: its writers are real, and their records are theirs.';
    return;
  }
  if ($('crm-state').textContent !== condition(one)) $('crm-state').textContent = condition(one);
  $('crm-down').textContent = one.up !== false ? 'Take it down' : 'Bring it up';
  $('crm-lock').textContent = one.locked ? 'Let us in' : 'Lock us out';
  draw($('crm-tables'), [one.kind, one.tables], () => one.tables.map(table));
}

/** `state()` is what was heard last. */
export function connect(state) {
  for (const button of document.querySelectorAll('[data-crm]')) {
    button.addEventListener('click', () => {
      const one = chosen(state());
      const [now, back = now] = button.dataset.crm.split(' ');
      const undo = now === 'down' ? !one.up : one.locked;
      post('api/act', {on: 'crm', to: one.kind, do: undo ? back : now});
    });
  }
}
