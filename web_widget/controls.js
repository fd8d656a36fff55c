/**
 * What stands under the question: one control for each kind of question.
 *
 * A control sends by `ui.send(body, label)`; `label` is how the answer reads until the server's own words arrive.
 * Every control is named by the question (`aria-labelledby="q"`); an error is bound by `aria-describedby="e"`.
 *
 * @typedef {import('./session.js').Ask} Ask
 * @typedef {import('./session.js').Option} Option
 */

/** @param {any} ui */
export default function controls(ui) {
  const { h, icon, t } = ui;
  const value = (/** @type {Option} */ o) => () => ui.send({ value: o.value }, o.label);
  const chip = (/** @type {Option} */ o) => h('button', { class: 'chip', type: 'button', onclick: value(o) }, o.label);
  const link = (/** @type {string} */ text, /** @type {() => void} */ onclick) =>
    h('button', { class: 'link', type: 'button', onclick }, text);

  /**
   * The 0-10 ruler. A tap sends. The keyboard only checks, and so does a click that a screen reader makes: those
   * come without a pointer that has a size or a pressure.
   * @param {Ask} ask
   */
  function scale(ask) {
    const options = ask.options ?? [];
    const go = h('button', { class: 'go', type: 'submit' });
    const save = h('div', { class: 'row end', hidden: true });
    let tapped = false;
    let one = 0;
    const ends = [ask.low, ask.high];
    const radios = options.map((o, i) => {
      const end = i === 0 ? ends[0] : i === options.length - 1 ? ends[1] : '';
      return h('input', { type: 'radio', name: 's', value: o.value, 'aria-label': end && `${o.label}, ${end}` });
    });
    const chosen = () => radios.findIndex(r => r.checked);
    const check = (/** @type {number} */ i) => {
      radios[i].checked = true;
      radios[i].focus();
      offer();
    };
    const offer = () => {
      const label = options[chosen()].label;
      go.textContent = t(ask.prefill == null ? 'send' : 'save', { n: label });
      save.hidden = false;
    };
    const digit = (/** @type {string} */ key) => {
      const ten = key === '0' && Date.now() - one < 600 ? 10 : Number(key);
      one = key === '1' ? Date.now() : 0;
      const i = options.findIndex(o => Number(o.value) === ten);
      if (i >= 0) check(i);
    };
    save.append(h('small', {}, t(ask.prefill == null ? 'keys' : 'other')), go);
    const group = h('div', {
      class: options.length === 11 ? 'scale ten' : 'scale', role: 'radiogroup', 'aria-labelledby': 'q', 'aria-describedby': 'e',
      onpointerdown: (/** @type {PointerEvent} */ e) => {
        tapped = e.width + e.height > 0 && !(e.pointerType === 'mouse' && e.pressure === 0);
      },
      onclick: (/** @type {MouseEvent} */ e) => {
        if (tapped && radios.includes(e.target)) value(options[chosen()])();
        tapped = false;
      },
      onchange: offer,
      onkeydown: (/** @type {KeyboardEvent} */ e) => {
        if (e.ctrlKey || e.metaKey || e.altKey) return;
        if (/^\d$/.test(e.key)) digit(e.key);
        else if (e.key === 'Home') check(0);
        else if (e.key === 'End') check(radios.length - 1);
        else if (e.key === ' ' && e.target.checked) value(options[chosen()])();
        else return;
        e.preventDefault();
      },
    }, ...radios.map((radio, i) => h('label', {}, radio, h('span', {}, options[i].label))));
    if (ask.prefill != null) {
      const i = options.findIndex(o => String(o.value) === String(ask.prefill));
      if (i >= 0) {
        radios[i].checked = true;
        offer();
      }
    }
    const labels = ends.some(Boolean) && h('div', { class: 'ends', 'aria-hidden': 'true' },
      ...ends.map((end, i) => h('span', {}, i ? `${end} · ${options.at(-1)?.label}` : `${options[0]?.label} · ${end}`)));
    return h('form', { onsubmit: () => chosen() >= 0 && value(options[chosen()])() }, group, labels, save);
  }

  /** One line that grows to seven. Send is grey until there is text. @param {Ask | null} ask @param {string} name */
  function text(ask, name = '') {
    const kind = ask?.kind ?? '';
    const contact = /phone|email/.test(kind);
    const send = h('button', { class: 'go send', type: 'submit', 'aria-label': t('sendText'), disabled: true }, icon('send'));
    const bad = ui.error() && ask;
    const field = h(contact ? 'input' : 'textarea', {
      ...(contact ? { type: kind === 'phone' ? 'tel' : 'email', inputmode: kind === 'phone' ? 'tel' : 'email' } : { rows: 1 }),
      autocomplete: kind === 'phone' ? 'tel-national' : kind === 'email' ? 'email' : 'off',
      maxlength: contact ? 200 : 4000, enterkeyhint: 'send',
      ...(ask ? { 'aria-labelledby': 'q', 'aria-describedby': 'e' } : { 'aria-label': name }),
      'aria-invalid': bad && 'true',
      placeholder: name || ask?.placeholder || (contact ? '' : t('write')),
      oninput: () => {
        ui.keep(field.value);
        grow();
      },
      onkeydown: (/** @type {KeyboardEvent} */ e) => {
        if (e.key !== 'Enter' || e.shiftKey || e.isComposing || contact) return;
        e.preventDefault();
        form.requestSubmit();
      },
    });
    const grow = () => {
      send.disabled = !field.value.trim();
      if (contact || CSS.supports('field-sizing', 'content')) return;
      field.style.height = 'auto';
      field.style.height = field.scrollHeight + 'px';
    };
    const dial = kind === 'phone' && country();
    const form = h('form', {
      novalidate: true,
      onsubmit: () => {
        const typed = field.value.trim();
        if (!typed) return;
        const whole = dial && !/^(\+|00)/.test(typed) ? `${dial.code()} ${typed}` : typed;
        ui.send({ text: whole }, whole, typed);
        if (!ask) field.value = '';
        grow();
      },
    }, h('div', { class: bad ? 'field bad' : 'field' }, dial && dial.node, field, send));
    field.value = ui.kept() || (typeof ask?.prefill === 'string' ? ask.prefill : '');
    queueMicrotask(grow);
    return form;
  }

  /** The country in the field: its short name is seen, the whole list opens. */
  function country() {
    const shown = h('span', { 'aria-hidden': 'true' });
    const select = h('select', { 'aria-label': t('country'), onchange: () => show() });
    let region = ui.region();
    /** @type {Record<string, string>} */ let codes = {};
    const show = () => {
      region = select.value || region;
      shown.textContent = `${region} +${codes[region] ?? ''}`;
      ui.region(region);
    };
    ui.env.load('countries.js').then((/** @type {(lang: string) => [string, string, string][]} */ list) => {
      const rows = list(ui.env.lang);
      codes = Object.fromEntries(rows.map(([key, , code]) => [key, code]));
      select.append(...rows.map(([key, name, code]) => h('option', { value: key }, `${name} +${code}`)));
      select.value = codes[region] ? region : 'FR';
      show();
    });
    return { node: h('label', { class: 'country' }, shown, icon('down'), select), code: () => codes[region] ? '+' + codes[region] : '' };
  }

  /** Times to choose from, by day; the button repeats the choice. Labels are "day, time". @param {Ask} ask */
  function slots(ask) {
    /** @type {Map<string, Option[]>} */
    const days = new Map();
    for (const o of ask.options ?? []) {
      const day = String(o.value).slice(0, 10);
      days.set(day, [...days.get(day) ?? [], o]);
    }
    const today = new Date(Date.now() - new Date().getTimezoneOffset() * 6e4).toISOString().slice(0, 10);
    const go = h('button', { class: 'go', type: 'submit', hidden: true });
    /** @type {Option | null} */ let chosen = null;
    const pick = (/** @type {string} */ name, /** @type {[any[], () => void][]} */ items) => items.map(([inside, onchange]) =>
      h('label', {}, h('input', { type: 'radio', name, onchange }), h('span', { class: 'chip' }, ...inside)));
    const times = h('div', { class: 'pick', role: 'radiogroup', 'aria-label': t('time') });
    const choose = (/** @type {string} */ day) => {
      chosen = null;
      go.hidden = true;
      times.replaceChildren(...pick('time', (days.get(day) ?? []).map(o => [[o.label.split(', ').at(-1)], () => {
        chosen = o;
        go.hidden = false;
        go.textContent = t('book', { when: o.label });
      }])));
    };
    const group = h('div', { class: 'pick', role: 'radiogroup', 'aria-label': t('day') });
    group.append(...pick('day', [...days].map(([day, [first]]) => {
      const [, name, date] = /^(\S+) (.*), /.exec(first.label) ?? ['', day, ''];
      return [[day === today ? t('today') : name, h('small', {}, date)], () => choose(day)];
    })));
    group.querySelector('input')?.setAttribute('checked', '');
    choose([...days.keys()][0]);
    return h('form', { onsubmit: () => chosen && value(chosen)() }, group, times, go);
  }

  /** @param {Ask | null} ask null while a person is on the line @param {string} [name] @returns {any[]} */
  return (ask, name) => {
    if (!ask) return [text(null, name)];
    const suggest = ask.suggest?.length && h('div', { class: 'row' }, ...ask.suggest.map(chip));
    const error = ui.error();
    const main = ask.kind === 'slot' ? slots(ask)
      : ask.kind === 'nps' || ask.options?.length && typeof ask.options[0].value === 'number' ? scale(ask)
      : ask.options?.length ? h('div', { class: 'row', role: 'group', 'aria-labelledby': 'q' }, ...ask.options.map(chip))
      : text(ask);
    return [
      suggest, main,
      h('p', { class: 'note bad', id: 'e', hidden: !error }, icon('alert'), h('span', {}, error)),
      ask.note && h('small', {}, ask.note),
      (ask.skip || ui.restart()) && h('div', { class: 'row apart' },
        ask.skip && link(t('skip'), () => ui.send({ action: 'skip' })),
        ui.restart() && link(t('restart'), () => ui.send({ action: 'restart' }))),
    ];
  };
}
