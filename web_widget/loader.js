/**
 * The embed, served as /widget.js:
 *
 *     <script src="https://survey.example/widget.js" async></script>
 *     <chat-survey flow="nps" mode="popin"></chat-survey>
 *
 * A page view costs this file and nothing else: no chat is created and, while a pop-in was closed or answered here,
 * nothing more is loaded. Everything else is fetched when the survey is about to be seen.
 *
 * Attributes: flow, mode (popin, bubble, inline, page), lang, scheme (light, dark), brand (a colour), delay (seconds
 * before a pop-in opens by itself, 3), contact (JSON), identity (a signed token), prefill (a score to confirm).
 * Methods: open() as after a click on a button of the page, and close().
 */
(() => {
  /** @type {{assets: Record<string, string>, brand: {name: string, color: string, privacy: string}, languages: string[],
   *   flows: Record<string, {invite?: Record<string, string>}>, flow: string, days: {closed: number, answered: number}}} */
  const config = __CONFIG__;
  const script = document.currentScript ?? document.querySelector('script[src*="/widget.js"]');
  const base = new URL('.', script.src);
  /** @param {string} name */
  const url = name => new URL(config.assets[name], base);
  /** @param {string} name */
  const load = async name => (await import(url(name))).default;

  /** A page may forbid storage; the chat then lasts as long as the page. @param {string} name */
  const storage = name => {
    try {
      return window[name] ?? {};
    } catch {
      return {};
    }
  };
  const local = storage('localStorage');

  customElements.define('chat-survey', class extends HTMLElement {
    constructor() {
      super().attachShadow({ mode: 'open' });
    }

    connectedCallback() {
      const { signal } = this.life = new AbortController();
      const get = (/** @type {string} */ name) => this.getAttribute(name);
      const flow = get('flow') ?? config.flow;
      const key = 'chatsurvey:' + flow;
      const mode = get('mode') ?? 'popin';
      const read = () => {
        try {
          return JSON.parse(local[key]);
        } catch {
          return {};
        }
      };
      const saved = read();
      const page = this.closest('[lang]')?.lang ?? '';
      const lang = saved.page === page && saved.lang || [page, ...navigator.languages]
        .flatMap(tag => [tag, tag.split('-')[0]])
        .find(tag => config.languages.includes(tag)) || config.languages[0];
      const env = {
        host: this, config, base, load, page, lang, mode, flow, key, signal, get, read,
        draft: storage('sessionStorage'),
        /** @param {object} value */
        write(value) {
          try {
            local[key] = JSON.stringify(value);
          } catch { /* full: this page's memory has to do */ }
        },
        texts: () => load(config.assets[`texts.${env.lang}.js`] ? `texts.${env.lang}.js` : 'texts.en.js'),
      };

      /** @type {Promise<any> | undefined} */
      let face;
      const make = () => face ??= Promise.all([
        import(url('widget.js')), env.texts(), fetch(url('style.css')).then(r => r.text()),
      ]).then(([made, texts, css]) => made.widget(env, texts, css, made.session, made.controls));

      /** @param {number} seconds @param {boolean} pill whether only the launcher is shown */
      const soon = (seconds, pill) => setTimeout(async () => {
        if (signal.aborted) return;
        // Never over a dialog of the page, and never in a page that nobody looks at.
        if (document.hidden || document.querySelector('dialog[open],[aria-modal=true]')) soon(1, pill);
        else if (pill) (await make()).pill();
        else (await make()).open();
      }, seconds * 1000);

      this.open = async () => (await make()).open(true);
      this.close = async () => (await face)?.close();

      const recent = (/** @type {number} */ at, /** @type {number} */ days) => at > Date.now() - days * 864e5;
      const midway = saved.left && recent(saved.closed, 3);
      if (mode === 'inline' || mode === 'page') {
        const seen = new IntersectionObserver(async hits => {
          if (!hits.some(hit => hit.isIntersecting)) return;
          seen.disconnect();
          if (!signal.aborted) (await make()).open();
        });
        seen.observe(this);
      } else if (mode === 'bubble' || midway) soon(.2, !saved.shown);
      else if (!recent(saved.answered, config.days.answered) && !recent(saved.closed, config.days.closed)) {
        soon(saved.shown ? .2 : Number(get('delay') ?? 3), false);
      }
    }

    disconnectedCallback() {
      this.life.abort();
    }
  });
})();
