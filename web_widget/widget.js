/**
 * The face of the survey: launcher, panel, log and dock, in the shadow root of <chat-survey>.
 *
 * Everything that anybody wrote reaches the page as a text node or an attribute value, never as HTML, and styles are
 * set by CSSOM, so that the strictest content security policy holds. Nothing is drawn before there is something to
 * say: a pop-in that opens by itself waits for its first question.
 */

const ICONS = {
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M5 12h13M12 6l6 6-6 6',
  out: 'M9 6h9v9M18 6L7 17',
  alert: 'M12 3a9 9 0 100 18 9 9 0 000-18M12 7v6M12 16.5v.5',
  clock: 'M12 3a9 9 0 100 18 9 9 0 000-18M12 7v5l3 2',
  off: 'M3 9a14 14 0 0118 0M6.5 12.5a9 9 0 0111 0M10 16a4 4 0 014 0M4 4l16 16',
  tick: 'M5 12.5l4.5 4.5L19 7',
  chat: 'M20 12a8 8 0 01-8 8H5l1.500-3.500A8 8 0 1120 12z',
  down: 'M7 10l5 5 5-5',
};

/** @param {string} tag @param {Record<string, any>} [props] @param {...any} children */
function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === 'onsubmit') node.onsubmit = e => (e.preventDefault(), value(e));
    else if (name.startsWith('on')) node[name] = value;
    else if (value || value === 0) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter(c => c || c === 0));
  return node;
}

/** @param {keyof typeof ICONS} name */
function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', name);
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** @param {any} env @param {any} parts */
export default function widget(env, parts) {
  const { host, config, signal, mode } = env;
  const brand = config.brand;
  const floats = mode === 'popin' || mode === 'bubble';
  let texts = parts.texts;
  const t = (/** @type {string} */ key, vars = {}) =>
    (texts[key] ?? '').replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ name) => vars[name] ?? '');

  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(parts.css);
  root.adoptedStyleSheets = [sheet];

  const where = h('small');
  const fill = h('i');
  const close = floats && h('button', { class: 'ghost', type: 'button', onclick: () => shut() }, icon('close'));
  const language = config.languages.length > 1 && h('select', { class: 'ghost', onchange: () => speak(language.value) },
    ...config.languages.map((/** @type {string} */ l) => h('option', { value: l, lang: l }, l.toUpperCase())));
  const strip = h('p', { class: 'strip note', role: 'status', hidden: true });
  const log = h('div', { class: 'log', role: 'log', tabindex: 0 });
  const dock = h('div', { class: 'dock' });
  const panel = h('section', { class: `cs ${floats ? 'pop' : mode}`, hidden: true },
    h('header', {}, h('span', { class: 'logo', 'aria-hidden': 'true' }, [...brand.name][0]?.toUpperCase()),
      h('div', {}, h(mode === 'page' ? 'h1' : 'b', {}, brand.name), where), language, close),
    h('div', { class: 'bar', 'aria-hidden': 'true' }, fill), strip, log, dock);
  const words = h('span');
  const launch = h('button', { class: 'go launch', type: 'button', hidden: true, onclick: () => open(true) }, icon('chat'), words);
  const frame = h('div', { class: floats ? 'root at' : 'root' }, launch, panel);
  root.replaceChildren(frame);
  const color = host.getAttribute('brand') || brand.color;
  if (CSS.supports('color', color)) frame.style.setProperty('--brand', color);
  if (/^(light|dark)$/.test(host.getAttribute('scheme'))) frame.style.colorScheme = host.getAttribute('scheme');

  /** What is being typed, for this tab: a reload or a question that moved on does not lose it. */
  let draft = '';
  env.keep = (/** @type {string} */ text) => {
    draft = text;
    try {
      sessionStorage.setItem(env.key, text);
    } catch { /* forbidden: then for this page only */ }
  };
  try {
    draft = sessionStorage.getItem(env.key) ?? '';
  } catch { /* the same */ }

  const chat = parts.session(env, () => render());
  let region = '';
  const ui = {
    h, icon, t, env,
    keep: env.keep,
    kept: () => draft,
    error: () => chat.state.error === '!' ? t('invalid') : chat.state.error,
    restart: () => chat.state.ask?.back && chat.visible().filter((/** @type {any} */ e) => e.author === 'visitor').length > 1,
    region: (/** @type {string} */ set = '') => region = set || region || (() => {
      const tag = navigator.languages.find(l => /-[A-Z]{2}$/.test(l)) ?? env.lang;
      return new Intl.Locale(tag).maximize().region ?? 'FR';
    })(),
    /** @param {any} body @param {string} [label] @param {string} [typed] */
    send(body, label, typed) {
      if (chat.state.busy && chat.state.status !== 'handoff') return;
      inside = root.activeElement !== null;
      shown = '';
      // What was typed stays until the answer has been understood: an error may send the visitor back to it.
      env.keep(typed ?? '');
      chat.send({ ...body, label, fence: body.action ? undefined : chat.state.ask?.fence });
    },
  };
  const draw = parts.controls(ui);
  /** @type {Map<string, HTMLElement>} */ const rows = new Map();
  let inside = false; // whether the visitor was in the widget when the question changed
  let shown = ''; // what the dock shows
  let listening = false;

  const link = (/** @type {string} */ text, /** @type {() => void} */ onclick) => h('button', { class: 'link', type: 'button', onclick }, text);
  const meta = (/** @type {any[]} */ ...inner) => h('span', { class: 'meta' }, ...inner);

  /** @param {any} e @param {any} beside */
  const bubble = (e, beside) => h('div', { class: 'me' }, beside, h('p', { class: 'you' }, e.text));

  /** The lines of the log: `key` stays with a line, `is` says how it looks now. */
  function lines() {
    const { state } = chat;
    const entries = chat.visible();
    const last = entries.findLastIndex((/** @type {any} */ e) => e.author === 'visitor');
    const group = entries.slice(last + 1).filter((/** @type {any} */ e) => e.author === 'bot' && !e.link);
    const failed = state.retry > 0;
    const waiting = chat.outbox.filter((/** @type {any} */ i) =>
      i.label !== undefined && (state.waiting || failed || !navigator.onLine || state.status === 'handoff'));
    const change = state.ask?.back && state.status === 'open' && !waiting.length;
    const list = [];
    for (const [i, e] of entries.entries()) {
      const key = 's' + e.seq;
      if (group.some((/** @type {any} */ g) => g.seq > e.seq && g.text === e.text) && i > last && !e.link) continue;
      if (e.link) list.push({ key, is: 'out', make: () => anchor(e.link) });
      else if (e.author === 'visitor') {
        const can = i === last && change;
        list.push({ key, is: can ? 'change' : 'me', make: () => bubble(e, can && meta(link(t('change'), () => ui.send({ action: 'back' })))) });
      } else if (e.author === 'agent') list.push({ key, is: 'agent', make: () => h('div', { class: 'agent' }, e.name && h('small', {}, e.name), e.text) });
      else {
        const head = i > last && !waiting.length && (e === group.at(-1) || entries[i + 1]?.link);
        if (head && e === group.at(-1) && state.status === 'ended') list.push(tick);
        list.push({ key, is: head ? 'ask' : 'bot', make: () => h('p', {}, e.text) });
      }
    }
    if (state.status === 'ended' && !group.length) list.push(tick);
    if (state.ask?.kind === 'nps' && state.ask.prefill != null && last < 0 && !waiting.length && list.length) {
      const n = state.ask.prefill;
      /** @type {any} */ (list.at(-1)).is = 'bot';
      list.push({ key: 'chosen' + n, is: 'ask', make: () => h('p', {}, t('chosen', { n })) });
    }
    for (const item of waiting) {
      const is = 'w' + (failed ? 'f' : navigator.onLine ? '' : 'k');
      const say = failed ? [icon('alert'), t('unsent'), ' · ', link(t('again'), () => chat.flush())]
        : navigator.onLine ? [] : [icon('clock'), t('kept')];
      const undo = (failed || !navigator.onLine) && item === waiting.at(-1) && state.status === 'open';
      const beside = meta(...say, undo && link(t('change'), () => chat.withdraw()));
      if (failed) beside.classList.add('bad');
      list.push({ key: 'o' + item.id, is, make: () => bubble({ text: item.label }, say.length > 0 && beside) });
    }
    if (state.waiting) list.push({ key: 'wait', is: 'w' + state.waiting, make: dots });
    return list;
  }
  const tick = { key: 'tick', is: 'tick', make: () => h('p', { class: 'note ok' }, icon('tick'), h('b', {}, t('saved'))) };
  const dots = () => h('p', { class: 'note' },
    h('span', { class: 'dots', role: 'img', 'aria-label': t('saving') }, h('i'), h('i'), h('i')),
    chat.state.waiting > 1 && h('small', {}, t(chat.state.status ? 'slow' : 'loading')));
  const anchor = (/** @type {{label: string, url: string}} */ l) => {
    const url = new URL(l.url, env.base);
    return h('a', { class: 'chip out', href: /^https?:$/.test(url.protocol) && url.href, target: '_blank', rel: 'noopener' },
      l.label, h('span', { class: 'out' }, h('small', {}, t('tab')), icon('out')));
  };

  /** Old lines keep their node, so that the live region announces only what is new. */
  function renderLog() {
    const list = lines();
    const seen = new Set(list.map(l => l.key));
    for (const [key, node] of rows) {
      if (seen.has(key)) continue;
      node.remove();
      rows.delete(key);
    }
    let previous = null;
    for (const { key, is, make } of list) {
      let node = rows.get(key);
      const text = is === 'ask' || is === 'bot';
      if (!node || (!text && node.dataset.is !== is)) {
        const fresh = make();
        node ? node.replaceWith(fresh) : 0;
        rows.set(key, node = fresh);
      }
      node.dataset.is = is;
      if (text) node.className = is;
      const at = previous ? previous.nextSibling : log.firstChild;
      if (at !== node) log.insertBefore(node, at);
      previous = node;
    }
    log.querySelector('#q')?.removeAttribute('id');
    [...log.querySelectorAll('.ask')].at(-1)?.setAttribute('id', 'q');
  }

  function renderDock() {
    const { state } = chat;
    const { ask, status } = state;
    const pending = chat.outbox.some((/** @type {any} */ i) => i.label !== undefined);
    const now = JSON.stringify([status, ask?.step, ask?.fence, env.lang, state.error, state.note, state.retry, state.gone,
      pending && (state.waiting > 0 || state.retry > 0 || !navigator.onLine)]);
    if (now === shown) return;
    const had = inside || dock.contains(root.activeElement);
    if (state.busy && !state.waiting && shown) return; // quick answers: the control stays until the next one is here
    shown = now;
    inside = false;
    dock.replaceChildren(...contents(pending).filter(Boolean));
    if (had && !panel.hidden) focus();
  }

  /** @param {boolean} pending @returns {any[]} */
  function contents(pending) {
    const { ask, status, note, retry, gone, waiting } = chat.state;
    const again = link(t('again'), () => status ? chat.flush() : chat.open());
    if (gone) return [
      h('p', { class: 'ask' }, t('gone'), !chat.outbox.length && ` ${t('goneSaved')}`),
      h('div', { class: 'row' }, h('button', { class: 'go', type: 'button', onclick: begin }, t('restart'))),
    ];
    if (retry) return [h('p', { class: 'note', role: 'status' }, icon('alert'),
      h('span', {}, t(status ? 'reach' : 'reachFirst', { s: retry }), ' ', !status && again))];
    if (status === 'ended') return [
      floats && h('div', { class: 'row' }, h('button', { class: 'go', type: 'button', onclick: () => shut() }, t('done'))),
      privacy(),
    ];
    if (pending && (waiting || !navigator.onLine) && status !== 'handoff') return [];
    const moved = note && h('p', { class: 'note', role: 'status' }, icon('alert'), h('span', {}, t(note)));
    if (status === 'handoff') return [moved, ...draw(null, t('writeTo', { name: agent() ?? brand.name }))];
    return ask ? [moved, ...draw(ask), !chat.answered() && privacy()] : [];
  }
  const privacy = () => mode !== 'page' && h('small', {}, h('a', {
    href: new URL(brand.privacy || 'privacy', env.base).href, target: '_blank', rel: 'noopener',
  }, t('privacy')));

  const agent = () => chat.visible().findLast((/** @type {any} */ e) => e.author === 'agent')?.name;

  function focus() {
    const to = dock.querySelector('input:checked, input, textarea, .chip, .go, .link') ?? log;
    /** @type {HTMLElement} */ (to).focus({ preventScroll: true });
  }

  function render() {
    if (signal.aborted) return;
    const { ask, status, gone } = chat.state;
    const bottom = log.scrollHeight;
    renderLog();
    renderDock();
    const p = ask?.progress;
    where.textContent = gone || status === 'ended' ? t('finished')
      : status === 'handoff' ? (agent() ? t('with', { name: agent() }) : t('person'))
      : /phone|slot/.test(ask?.kind ?? '') ? t('call') : p ? t('question', p) : '';
    const part = status === 'ended' ? 1 : p ? p.at / (p.of + .5) : 0;
    if (part > chat.top) chat.note({ top: part });
    fill.style.width = chat.top * 100 + '%';
    strip.hidden = navigator.onLine;
    if (navigator.onLine) strip.replaceChildren();
    else if (!strip.firstChild) strip.append(icon('off'), h('span', {}, t('offline')));
    if (log.scrollHeight !== bottom) log.scrollTop = log.scrollHeight;
    if (status === 'handoff' && !listening) {
      listening = true;
      chat.listen().finally(() => listening = false);
    }
  }

  function label() {
    frame.lang = env.lang;
    frame.dir = /^(ar|he|fa|ur)/.test(env.lang) ? 'rtl' : 'ltr';
    panel.ariaLabel = t('survey', { brand: brand.name });
    log.ariaLabel = t('log');
    if (close) close.ariaLabel = t('close');
    if (language) {
      language.ariaLabel = t('language');
      language.value = env.lang;
    }
    strip.replaceChildren();
    const left = chat.left;
    words.textContent = left ? t(left === 1 ? 'left1' : 'left', { n: left })
      : config.flows[env.flow]?.invite?.[env.lang] ?? t('invite');
  }

  /** @param {string} lang */
  async function speak(lang) {
    env.lang = lang;
    texts = await env.texts(lang);
    rows.forEach(node => node.remove());
    rows.clear();
    label();
    shown = '';
    await chat.open('language');
  }

  function begin() {
    chat.forget();
    rows.forEach(node => node.remove());
    rows.clear();
    shown = '';
    chat.open();
  }

  /** @param {boolean} asked by the visitor, who then gets the focus; else a pop-in opens by itself, and quietly */
  async function open(asked) {
    const reveal = () => {
      panel.hidden = false;
      launch.hidden = true;
    };
    if (asked) reveal();
    const known = await chat.open();
    if (signal.aborted || !known && !asked && floats) return;
    reveal();
    chat.note({ shown: floats, closed: undefined });
    render();
    log.scrollTop = log.scrollHeight;
    if (asked) focus();
  }

  function shut() {
    if (!floats || panel.hidden) return;
    const held = root.activeElement;
    panel.hidden = true;
    chat.note({ shown: false, closed: Date.now() });
    pill();
    if (held && !launch.hidden) launch.focus();
  }

  /** The launcher: for a bubble always, for a pop-in while there is something to go on with. */
  function pill() {
    label();
    launch.hidden = mode !== 'bubble' && !(chat.left && chat.state.status !== 'ended');
  }

  panel.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => {
    if (e.key !== 'Escape' || !floats) return;
    e.stopPropagation();
    shut();
  });
  // A sheet at the bottom stays above the on-screen keyboard.
  const view = window.visualViewport;
  view?.addEventListener('resize', () => {
    const hidden = Math.max(0, innerHeight - view.height - view.offsetTop);
    frame.style.setProperty('--keyboard', hidden > 80 ? hidden + 'px' : '0px');
    frame.style.setProperty('--room', view.height + 'px');
  }, { signal });
  label();
  return { open, close: shut, pill };
}
