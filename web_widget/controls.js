/**
 * What stands under the question: one control for each kind of question.
 *
 * Every control is named by the question (`aria-labelledby="q"`); an error is bound by `aria-describedby="e"`.
 *
 * @typedef {import('./session.js').Ask} Ask
 * @typedef {import('./session.js').Option} Option
 */

/** @param {any} ui */
export function controls({ h, icon, link, t, env, chat, send }) {
  const pick = (/** @type {Option | undefined} */ o) => o && send({ value: o.value }, o.label);
  const chips = (/** @type {Option[]} */ options) => h('div', { class: 'row', role: 'group', 'aria-labelledby': 'q' },
    ...options.map(o => h('button', { class: 'chip', type: 'button', onclick: () => pick(o) }, o.label)));
  const form = (/** @type {() => void} */ send, /** @type {any[]} */ ...inside) => h('form', {
    novalidate: true,
    onsubmit: (/** @type {Event} */ e) => {
      e.preventDefault();
      send();
    },
  }, ...inside);
  const radio = (/** @type {string} */ look, /** @type {any[]} */ inside, /** @type {object} */ props) =>
    h('label', {}, h('input', { type: 'radio', ...props }), h('span', { class: look }, ...inside));

  /**
   * The 0-10 ruler. A tap sends. The keyboard only checks, and so does a click that a screen reader makes: those
   * come without a pointer that has a size or a pressure.
   * @param {Ask} ask
   */
  function scale({ options = [], low, high, prefill }) {
    const go = h('button', { class: 'go' });
    const row = h('div', { class: 'row apart', hidden: true }, h('small', {}, t(prefill == null ? 'keys' : 'other')), go);
    const end = options.length - 1;
    let tapped = false;
    let one = 0; // when a 1 was typed that may become a 10
    const group = h('div', {
      class: end === 10 ? 'scale ten' : 'scale', role: 'radiogroup', 'aria-labelledby': 'q',
      onpointerdown: (/** @type {PointerEvent} */ e) => {
        tapped = e.width > 0 && (e.pressure > 0 || e.pointerType !== 'mouse');
      },
      onclick: (/** @type {MouseEvent} */ e) => {
        if (tapped && radios.includes(e.target)) pick(chosen());
        tapped = false;
      },
      onchange: () => offer(),
      onkeydown: (/** @type {KeyboardEvent} */ e) => {
        if (e.ctrlKey || e.metaKey) return;
        if (/^\d$/.test(e.key)) {
          const n = e.key === '0' && Date.now() - one < 600 ? 10 : +e.key;
          one = n === 1 ? Date.now() : 0;
          check(options.findIndex(o => o.value === n));
        } else if (e.key === 'Home') check(0);
        else if (e.key === 'End') check(end);
        else if (e.key === ' ' && e.target.checked) pick(chosen());
        else return;
        e.preventDefault();
      },
    }, ...options.map(({ value, label }, i) => {
      const meaning = i ? i === end && high : low;
      return radio('', [label], { name: 's', value, 'aria-label': meaning && `${label}, ${meaning}`, checked: value === prefill });
    }));
    const radios = [...group.querySelectorAll('input')];
    const chosen = () => options[radios.findIndex(r => r.checked)];
    const offer = () => {
      row.hidden = !chosen();
      go.textContent = chosen() && t(prefill == null ? 'send' : 'save', { n: chosen().label });
    };
    const check = (/** @type {number} */ i) => {
      if (!radios[i]) return;
      radios[i].checked = true;
      radios[i].focus();
      offer();
    };
    offer();
    return form(() => pick(chosen()), group,
      low && h('div', { class: 'ends', 'aria-hidden': 'true' },
        h('span', {}, `${options[0].label} · ${low}`), h('span', {}, `${high} · ${options[end].label}`)),
      row);
  }

  /** One line that grows to seven. Send is grey until there is text. @param {any} ask @param {string} [name] */
  function text({ kind, placeholder, prefill }, name) {
    const phone = kind === 'phone';
    const line = phone || kind === 'email';
    const { draft } = env;
    const key = env.key + (line ? kind : ''); // half a line for a person who has left is no number
    const go = h('button', { class: 'go send', 'aria-label': t('sendText') }, icon('send'));
    const field = h(line ? 'input' : 'textarea', {
      ...(line && { type: phone ? 'tel' : kind }), rows: 1, maxlength: 4000, enterkeyhint: 'send',
      autocomplete: phone ? 'tel-national' : line ? kind : 'off',
      ...(name ? { 'aria-label': name } : { 'aria-labelledby': 'q', 'aria-describedby': 'e' }),
      'aria-invalid': !!chat.error, placeholder: name ?? placeholder ?? (line ? '' : t('write')),
      oninput: () => {
        draft[key] = field.value;
        grow();
      },
      onkeydown: (/** @type {KeyboardEvent} */ e) => {
        if (e.key !== 'Enter' || e.shiftKey || e.isComposing || line) return;
        e.preventDefault();
        go.click();
      },
    });
    const grow = () => {
      go.disabled = !field.value.trim();
      if (line) return;
      field.style.height = 0;
      field.style.height = field.scrollHeight + 'px';
    };
    const dial = phone && country();
    field.value = draft[key] || (prefill ?? '');
    queueMicrotask(grow);
    return form(() => {
      const typed = field.value.trim();
      // The zero before a national number is not dialled from abroad, but for Italy's plan.
      const national = /IT|VA/.test(region) ? typed : typed.replace(/^0/, '');
      // Words are no number: who asks for a person here is understood.
      const whole = dial && /^(?!00)[\d(]/.test(typed) ? dial.code() + national : typed;
      if (!typed) return;
      // What was typed stays until it has been understood: an error may send the visitor back to it.
      draft[key] = name ? '' : typed;
      send({ text: whole }, whole);
      if (!name) return;
      field.value = '';
      field.focus();
      grow();
    }, h('div', { class: chat.error ? 'field bad' : 'field' }, dial?.node, field, go));
  }

  /** The country in the field: its short name is seen, the whole list opens. */
  function country() {
    const shown = h('span', { 'aria-hidden': 'true' });
    const select = h('select', { 'aria-label': t('country'), onchange: () => show() });
    /** @type {Record<string, string>} */
    let codes = {};
    const show = () => {
      region = select.value;
      shown.textContent = `${region} +${codes[region]}`;
    };
    env.load('countries.js').then((/** @type {any} */ list) => {
      const rows = list(env.lang);
      codes = Object.fromEntries(rows);
      select.append(...rows.map(([value, code, name]) => h('option', { value }, `${name} +${code}`)));
      region ??= new Intl.Locale(navigator.language).maximize().region;
      select.value = codes[region] ? region : 'FR';
      show();
    });
    return { node: h('label', { class: 'country' }, shown, icon('down'), select), code: () => codes[region] ? `+${codes[region]} ` : '' };
  }
  /** @type {string} the country that was chosen, for the next try */
  let region;

  /** Times to choose from, by day; the button repeats the choice. Labels are "day, time". @param {Ask} ask */
  function slots({ options = [] }) {
    const days = Object.groupBy(options, o => o.value.slice(0, 10));
    const today = new Date().toLocaleDateString('sv'); // as 2025-11-21
    const go = h('button', { class: 'go' });
    const group = (/** @type {string} */ name) => h('div', { class: 'pick', role: 'radiogroup', 'aria-label': t(name) });
    /** @type {Option | undefined} */
    let picked;
    const choose = (/** @type {Option} */ o) => {
      picked = o;
      go.hidden = !o;
      go.textContent = o && t('book', { when: o.label });
    };
    const times = group('time');
    const open = (/** @type {Option[]} */ list) => {
      choose();
      times.replaceChildren(...list.map(o => radio('chip', [o.label.split(', ').at(-1)], { name: 'time', onchange: () => choose(o) })));
    };
    const day = group('day');
    day.append(...Object.entries(days).map(([date, list], i) => {
      const [, name, rest] = /^(\S+) (.*), /.exec(list[0].label) ?? [0, date];
      return radio('chip', [date === today ? t('today') : name, h('small', {}, rest)], { name: 'day', checked: !i, onchange: () => open(list) });
    }));
    open(Object.values(days)[0] ?? []);
    return form(() => pick(picked), day, times, go);
  }

  /** @param {Ask | null} ask null while a person is on the line @param {string} [name] @returns {any[]} */
  return (ask, name) => {
    if (!ask) return [text({}, name)];
    const { kind, options = [], suggest, note, skip, back } = ask;
    const act = (/** @type {string} */ action) => link(() => send({ action }), t(action));
    const far = back && chat.by('visitor')[1];
    return [
      suggest && chips(suggest),
      kind === 'slot' ? slots(ask) : !options[0] ? text(ask) : typeof options[0].value === 'number' ? scale(ask) : chips(options),
      h('p', { class: 'note bad', id: 'e', hidden: !chat.error }, icon('alert'), h('span', {}, chat.error)),
      note && h('small', {}, note),
      (skip || far) && h('div', { class: 'row apart' }, skip && act('skip'), far && act('restart')),
    ];
  };
}
