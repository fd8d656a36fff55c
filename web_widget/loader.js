/**
 * The embed, served as /widget.js:
 *
 *     <script src="https://survey.example/widget.js" async></script>
 *     <chat-survey flow="nps" mode="popin"></chat-survey>
 *
 * A page view costs this file and nothing else: no chat is created and, while a pop-in was closed or answered
 * here, nothing more is loaded. Everything else is fetched when the survey is about to be seen.
 *
 * Attributes: flow, mode (popin, bubble, inline, page), lang, scheme (light, dark), brand (a colour), delay (seconds
 * before a pop-in opens by itself, 3), contact (JSON), identity (a signed token), prefill (a score to confirm).
 */
(() => {
  /** @type {{assets: Record<string, string>, brand: {name: string, color: string, privacy: string}, languages: string[],
   *   flows: Record<string, {invite?: Record<string, string>}>, flow: string, days: {closed: number, answered: number}}} */
  const config = __CONFIG__;
  const script = document.currentScript ?? document.querySelector('script[src*="/widget.js"]');
  const base = new URL('.', script?.src ?? location.href).href;
  const DAY = 864e5;

  /** @param {string} name */
  const url = name => new URL(config.assets[name], base).href;
  /** @param {string} name */
  const load = async name => (await import(url(name))).default;

  /** A page may forbid storage; the chat then lasts as long as the page. */
  const shelf = (() => {
    try {
      localStorage.length;
      return localStorage;
    } catch {
      return null;
    }
  })();

  /** @param {string[]} wanted */
  const nearest = (...wanted) => {
    const has = config.languages;
    for (const tag of wanted.filter(Boolean)) {
      const found = has.find(l => l === tag) ?? has.find(l => l === tag.split('-')[0]);
      if (found) return found;
    }
    return has[0] ?? 'en';
  };

  customElements.get('chat-survey') || customElements.define('chat-survey', class extends HTMLElement {
    /** @type {AbortController | null} */ #life = null;
    /** @type {Promise<any> | null} */ #face = null;

    connectedCallback() {
      // A script at the top of a page meets the tag before its attributes' neighbours are parsed.
      this.#life = new AbortController();
      queueMicrotask(() => this.#schedule());
    }

    disconnectedCallback() {
      this.#life?.abort();
      this.#face = null;
    }

    /** Open the survey and take the focus, as after a click on a page's own button. */
    async open() {
      (await this.#load()).open(true);
    }

    async close() {
      (await this.#face)?.close();
    }

    get #key() {
      return 'chatsurvey:' + (this.getAttribute('flow') ?? config.flow);
    }

    get #mode() {
      return this.getAttribute('mode') ?? 'popin';
    }

    #saved() {
      try {
        return JSON.parse(shelf?.getItem(this.#key) ?? '{}');
      } catch {
        return {};
      }
    }

    #schedule() {
      const saved = this.#saved();
      const now = Date.now();
      const within = (/** @type {number} */ at, /** @type {number} */ days) => at > now - days * DAY;
      const mode = this.#mode;
      if (this.#life?.signal.aborted) return;
      if (mode === 'inline' || mode === 'page') return this.#whenSeen();
      const midway = saved.left && within(saved.closed, 3);
      if (mode === 'bubble' || midway) return this.#soon(1, f => saved.shown ? f.open(false) : f.pill());
      if (within(saved.answered, config.days.answered) || within(saved.closed, config.days.closed)) return;
      this.#soon(saved.token ? 1 : Number(this.getAttribute('delay') ?? 3) * 1000, f => f.open(false));
    }

    /** @param {number} wait @param {(face: any) => void} then */
    #soon(wait, then) {
      const signal = this.#life?.signal;
      const go = async () => {
        if (signal?.aborted) return;
        // Never over a dialog of the page, and never in a page that nobody looks at.
        if (document.hidden || document.querySelector('dialog[open],[aria-modal=true]')) return void setTimeout(go, 1000);
        then(await this.#load());
      };
      setTimeout(go, wait);
    }

    #whenSeen() {
      const seen = new IntersectionObserver(async hits => {
        if (!hits.some(h => h.isIntersecting)) return;
        seen.disconnect();
        (await this.#load()).open(false);
      });
      seen.observe(this);
      this.#life?.signal.addEventListener('abort', () => seen.disconnect());
    }

    #load() {
      return this.#face ??= this.#make();
    }

    async #make() {
      const page = this.getAttribute('lang') ?? this.closest('[lang]')?.getAttribute('lang') ?? '';
      const saved = this.#saved();
      const lang = saved.page === page && saved.lang || nearest(page, ...navigator.languages);
      const env = {
        host: this, config, base, load, url, page, lang, nearest, mode: this.#mode,
        flow: this.getAttribute('flow') ?? config.flow,
        key: this.#key,
        signal: /** @type {AbortController} */ (this.#life).signal,
        read: () => this.#saved(),
        write: (/** @type {object} */ value) => {
          try {
            shelf?.setItem(this.#key, JSON.stringify(value));
          } catch { /* full or forbidden: the page's own memory has to do */ }
        },
        texts: (/** @type {string} */ l) => load(config.assets[`texts.${l}.js`] ? `texts.${l}.js` : 'texts.en.js'),
      };
      const [widget, session, controls, texts, css] = await Promise.all([
        load('widget.js'), load('session.js'), load('controls.js'), env.texts(lang),
        fetch(url('style.css')).then(r => r.text()),
      ]);
      return widget(env, { session, controls, texts, css });
    }
  });
})();
