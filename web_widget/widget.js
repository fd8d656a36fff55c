/**
 * The face of the survey: launcher, panel and log, in the shadow root of <chat-survey>.
 *
 * Everything that anybody wrote reaches the page as a text node or an attribute value, never as HTML, and styles are
 * set by CSSOM, so that the strictest content security policy holds. Nothing is drawn before there is something to
 * say: a pop-in that opens by itself waits for its first question. A line of the log keeps its node for as long as it
 * stands, so that the live region announces only what is new.
 */

const RING = 'M12 3a9 9 0 100 18 9 9 0 000-18M12 7v';
const ICONS = {
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M5 12h13M12 6l6 6-6 6',
  out: 'M9 6h9v9M18 6L7 17',
  alert: RING + '6M12 16v1',
  clock: RING + '5l3 2',
  tick: 'M5 12l5 5L19 7',
  chat: 'M20 12a8 8 0 01-8 8H5l1-4A8 8 0 1120 12z',
  offline: 'M3 9a14 14 0 0118 0M7 13a8 8 0 0110 0M11 17h2M4 4l16 16',
  down: 'M7 10l5 5 5-5',
};

/** @param {string} tag @param {Record<string, any>} [props] @param {...any} children */
function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (/^on/.test(name)) node[name] = value;
    else if (value || value === 0) node.setAttribute(name, value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

/** @param {keyof typeof ICONS} name */
function icon(name) {
  const [svg, path] = ['svg', 'path'].map(tag => document.createElementNS('http://www.w3.org/2000/svg', tag));
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** @param {any} env @param {any} texts @param {string} css @param {any} session @param {any} controls */
export function widget(env, texts, css, session, controls) {
  const { host, config, mode, get } = env;
  const { brand } = config;
  const floats = /popin|bubble/.test(mode);
  const t = (/** @type {string} */ key, vars = {}) =>
    texts[key].replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ name) => vars[name]);
  const button = (/** @type {string} */ look, /** @type {() => void} */ onclick, /** @type {any[]} */ ...inside) =>
    h('button', { class: look, type: 'button', onclick }, ...inside);
  const link = button.bind(null, 'link');

  const where = h('small');
  const fill = h('i');
  const language = h('select', { class: 'ghost', hidden: !config.languages[1], onchange: speak },
    ...config.languages.map((/** @type {string} */ l) => h('option', { value: l, lang: l }, l)));
  const x = button('ghost', close, icon('close'));
  const strip = h('p', { class: 'strip note', role: 'status' });
  const log = h('div', { class: 'log', role: 'log', tabindex: 0 });
  const dock = h('div', { class: 'dock' });
  const panel = h('section', {
    class: 'cs ' + mode, hidden: true, tabindex: -1,
    onkeydown(/** @type {KeyboardEvent} */ e) {
      if (e.key === 'Escape' && floats) close();
    },
  }, h('header', {}, h('span', { class: 'logo', 'aria-hidden': 'true' }, [...brand.name][0]),
    h('div', {}, h(mode === 'page' ? 'h1' : 'b', {}, brand.name), where), language, x),
  h('div', { class: 'bar' }, fill), strip, log, dock);
  const words = h('span');
  const launch = button('go launch', () => open(true), icon('chat'), words);
  launch.ariaLive = 'polite';
  const frame = h('div', { class: floats ? 'root at' : 'root' }, launch, panel);
  const root = host.shadowRoot;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
  root.replaceChildren(frame);
  x.hidden = !floats;
  launch.hidden = true;
  frame.style.setProperty('--brand', get('brand') || brand.color);
  frame.style.colorScheme = get('scheme');

  const chat = session(env, render);
  let wanted = false; // whether the panel opens as soon as there is something to say
  let inside; // whether the visitor was in the widget when the question changed
  let shown = ''; // what the dock shows
  let low = true; // whether the newest line is in view
  const ui = {
    h, icon, link, t, env, chat,
    /** @param {any} body @param {string} [label] how the answer reads */
    send(body, label) {
      if (chat.busy && chat.status === 'open') return;
      inside = root.activeElement;
      log.scrollTop = 1e6;
      if (chat.ask) shown += '!';
      // To a person goes a fence of no question: should they have left meanwhile, it is no answer to the next one.
      chat.send({ ...body, label, fence: chat.ask?.fence ?? 0 });
    },
  };
  const draw = controls(ui);
  /** Who is on the line: the bot's own words come last only while nobody is. @returns {string | undefined} */
  const person = () => chat.entries().findLast((/** @type {any} */ e) => e.author !== 'visitor')?.name;
  const line = () => person() ? t('with', { name: person() }) : t('wait');

  /** What is said already is not touched: it would be announced again. @param {HTMLElement} node @param {string} text @param {any[]} [inside] */
  const tell = (node, text, inside = [text]) => node.textContent === text || node.replaceChildren(...inside);

  /** @type {Map<any, HTMLElement>} the lines of the log */
  const rows = new Map();
  /** @type {HTMLElement[]} those that are to be seen, in order */
  let order;
  /** @param {any} key @param {string} look @param {() => HTMLElement} make */
  function put(key, look, make) {
    const node = rows.get(key) ?? make();
    rows.set(key, node);
    order.push(node);
    node.className = look;
    node.id = '';
    return node;
  }

  /** An answer, with what there is to say or to do about it. @param {any} key @param {string} text @param {any[]} beside */
  function bubble(key, text, ...beside) {
    const [meta, words] = put(key, 'me', () => h('div', {}, h('span', { 'aria-live': 'off' }), h('p', { class: 'you' }))).children;
    meta.className = beside[2] ? 'meta bad' : 'meta';
    meta.replaceChildren(...beside.filter(Boolean));
    tell(words, text);
  }

  /** @param {{label: string, url: string}} to */
  function anchor({ label, url }) {
    const { href } = new URL(url, env.base);
    return h('a', { href: /^http/.test(href) && href, target: '_blank' },
      label, h('span', { class: 'out' }, h('small', {}, t('tab')), icon('out')));
  }

  function renderLog() {
    const { ask, status, waiting, retry, unsent, gone, kept } = chat;
    const ended = status === 'ended';
    low = log.scrollTop > log.scrollHeight - log.clientHeight - 50;
    const list = chat.entries().filter((/** @type {any} */ e) => !ended || e.text !== t('saved'));
    const last = list.findLastIndex((/** @type {any} */ e) => e.author === 'visitor');
    // The end is what the chat's last turn said, but for who has left.
    const final = ended && chat.by('bot').at(-1)?.at;
    const end = list.findLastIndex((/** @type {any} */ e) => e.author === 'visitor' || e.at < final || e.name && e.at === final);
    const group = list.slice(end + 1).filter((/** @type {any} */ e) => e.author === 'bot' && !e.link && !e.name);
    const met = list.findLastIndex((/** @type {any} */ e) => e.name) > last;
    const lost = !navigator.onLine;
    const pending = waiting || retry || lost || status === 'handoff' ? unsent : [];
    const old = new Set(rows.keys());
    const row = (/** @type {any} */ key, /** @type {string} */ look, /** @type {any[]} */ ...inside) => {
      old.delete(key);
      return put(key, look, () => h('p', {}, ...inside));
    };
    // The end begins with the tick; a flow whose last words are the same does not say them twice.
    if (ended) list.splice(end + 1, 0, { author: '' });
    let head;
    let since;
    order = [];
    list.forEach((/** @type {any} */ e, /** @type {number} */ i) => {
      const { seq, author, text } = e;
      const key = e.id ?? seq;
      old.delete(key);
      if (!author) {
        const node = row('', 'note ok', icon('tick'), h('b', {}, t('saved')));
        if (!met) since = node; // else a person's last words are seen too
      }
      else if (e.link) put(key, 'chip out', () => anchor(e.link));
      else if (author === 'visitor') {
        bubble(key, text, i === last && !met && ask?.back && !lost && !gone && !pending[0] && link(() => ui.send({ action: 'back' }), t('change')));
      } else if (author === 'agent') {
        const node = put(key, text ? 'agent' : 'agent bot', () => h('div', {}, h('small', {}, e.name), h('span')));
        tell(node.lastChild, text || t('removed'), (text || t('removed')).split(/(https?:\/\/\S*[\w/])/)
          .map((/** @type {string} */ part, /** @type {number} */ i) => i % 2 ? h('a', { href: part, target: '_blank' }, part) : part));
        if (i < last && status !== 'handoff') since = node;
      } else if (e.name) row(key, 'sys', text.replace(/\.$/, ''), ' · ' + new Date(e.at).toLocaleTimeString([], { timeStyle: 'short' }));
      else if (i <= end || !group.some((/** @type {any} */ g) => g.seq > seq && g.text === text)) {
        const big = e === group.at(ended ? 0 : -1) && !pending[0] && !gone && !(status === 'handoff' && met);
        const node = row(key, big ? 'ask' : 'bot', text);
        if (big) head = node;
        if (i < last) since = node;
      } else old.add(key);
    });
    if (head && last < 0 && !kept.hide[0] && ask?.kind === 'nps' && ask.prefill >= 0) {
      head.className = 'bot';
      head = row('chosen', 'ask', t('chosen', { n: ask.prefill }));
    }
    if (head) head.id = 'q';
    for (const { id, label } of pending) {
      old.delete(id);
      bubble(id, label, ...retry ? [icon('alert'), t('unsent'), link(chat.flush, t('again'))] : lost ? [icon('clock'), t('kept')] : []);
    }
    if (waiting) {
      row('wait' + waiting, 'note', h('b', { class: 'dots', role: 'img', 'aria-label': t('saving') }, '•••'),
        waiting > 1 && h('small', {}, t('slow')));
    }
    for (const key of old) {
      rows.get(key)?.remove();
      rows.delete(key);
    }
    // Only after what is gone: a line that moves up would be announced as a new one.
    order.forEach((node, i) => log.children[i] === node || log.insertBefore(node, log.children[i]));
    // A panel is as tall as the question and the answer before it; what is older is a scroll away.
    if (floats) log.style.maxHeight = since ? log.scrollHeight - since.offsetTop + 8 + 'px' : '';
    if (low) log.scrollTop = 1e6;
  }

  const said = (/** @type {string} */ text, /** @type {any} */ more = '') =>
    h('p', { class: 'note', role: 'status' }, icon('alert'), h('span', {}, text, ' ', more));
  const privacy = () => mode !== 'page' && h('small', {},
    h('a', { href: new URL(brand.privacy, env.base), target: '_blank' }, t('privacy')));

  /** What stands under the log. @returns {any[]} */
  function contents() {
    const { ask, status, note, retry, gone, waiting, unsent } = chat;
    if (gone) return [h('p', { class: 'ask' }, t('gone')), button('go', () => (chat.forget(), open(true)), t('restart'))];
    const hint = note && said(t(note));
    if (status === 'handoff') return [hint, ...draw(null, t('writeTo', { name: person() || brand.name }))];
    if (retry) return [said(t('reach', { s: retry }), !status && link(chat.open, t('again')))];
    if (status === 'ended') return [note && said(t('unsent'), env.draft[env.key]), floats && button('go', close, t('done')), privacy()];
    return ask && !(unsent[0] && (waiting || !navigator.onLine)) ? [hint, ...draw(ask), !chat.by('visitor')[0] && privacy()] : [];
  }

  function renderDock() {
    const { ask, status, error, note, retry, gone, waiting, busy, unsent } = chat;
    if (busy && !waiting && shown) return; // quick answers: the control stays until the next one is here
    const now = [status, env.lang, note, gone, ...status === 'handoff' ? [person()]
      : [ask?.fence, error, retry, unsent[0]?.id, waiting > 0, navigator.onLine]].join();
    if (now === shown) return;
    const held = root.activeElement;
    const had = dock.contains(held) || inside && (held === panel || document.activeElement === document.body);
    shown = now;
    dock.replaceChildren(...contents().filter(Boolean));
    if (had) focus();
  }

  function focus() {
    const to = dock.querySelector(':checked,input,textarea,button');
    inside = !to;
    (to ?? panel).focus({ preventScroll: true });
  }

  function render() {
    const { ask, status, gone, kept } = chat;
    const progress = ask?.progress;
    renderLog();
    renderDock();
    where.textContent = gone || status === 'ended' ? t('finished') : status === 'handoff' ? line()
      : /phone|slot/.test(ask?.kind) ? t('call') : progress ? t('question', progress) : '';
    // A branch may lengthen a chat: the bar never goes back, and is full only when all is done.
    const part = status === 'ended' ? 1 : progress ? progress.at / (progress.of + .5) : 0;
    if (!(part <= kept.top)) chat.keep({ top: part });
    fill.style.width = kept.top * 100 + '%';
    const lost = navigator.onLine ? '' : t('offline');
    strip.hidden = !lost;
    tell(strip, lost, [icon('offline'), lost]);
    if (wanted && (status || gone)) {
      wanted = false;
      reveal();
      chat.keep({ shown: true, closed: 0, seen: kept.cursor });
    }
    if (panel.hidden && !wanted) pill();
  }

  function label() {
    const { fresh, kept: { left: n } } = chat;
    frame.lang = language.value = env.lang;
    panel.ariaLabel = t('survey', { brand: brand.name });
    log.ariaLabel = t('log');
    x.ariaLabel = t('close');
    language.ariaLabel = t('language');
    tell(words, fresh[0] ? t('wrote', { name: fresh.at(-1).name, n: fresh.length }) : n < 0 ? line() : n ? t(n > 1 ? 'left' : 'left1', { n }) : config.flows[env.flow]?.invite?.[env.lang] ?? t('invite'));
  }

  async function speak() {
    env.lang = language.value;
    texts = await env.texts();
    label();
    chat.open();
  }

  /** @param {boolean} [asked] by the visitor, who then gets the focus; else a pop-in opens by itself, and quietly */
  function open(asked) {
    wanted = true;
    label();
    if (asked || !floats) reveal();
    if (asked) focus();
    inside = asked;
    chat.open();
  }

  function reveal() {
    chat.away = panel.hidden = false;
    low = true;
    launch.hidden = true;
  }

  function close() {
    const held = root.activeElement;
    chat.away = panel.hidden = true;
    chat.keep({ shown: false, closed: Date.now() });
    pill();
    if (held) launch.focus();
  }

  /** The launcher: for a bubble always, for a pop-in while there is something to go on with. */
  function pill() {
    label();
    launch.hidden = mode !== 'bubble' && !chat.kept.left;
  }

  // The newest line is seen, also where a control grows under it, unless an older one is being read.
  const watch = new ResizeObserver(() => {
    if (low) log.scrollTop = 1e6;
    if (mode === 'page') dock.scrollIntoView({ block: 'nearest' });
  });
  watch.observe(log);
  watch.observe(dock);
  // A sheet at the bottom stays above the on-screen keyboard.
  const view = visualViewport;
  view.addEventListener('resize', () => {
    frame.style.setProperty('--keyboard', Math.max(0, innerHeight - view.height - view.offsetTop) + 'px');
  }, env);
  return {
    open, close,
    pill() {
      if (chat.kept.left < 0) chat.open(); // closed while a person is on the line: the launcher tells of them
      else pill();
    },
  };
}
