/** The strip on top of the demo shop: how the survey is shown. The settings live in the address, so a reload keeps them. */
const form = document.forms[0];
const here = document.querySelector('.here');
const asked = new URLSearchParams(location.search);
// The mark by which the service tells a chat begun here, a sample, from one begun on a shop's own front page.
const mark = () => history.replaceState(null, '', `${String(asked) && '?' + asked}#demo`);
mark();
for (const [name, value] of asked) {
  if (form.elements[name]) form.elements[name].value = value;
}

function show() {
  const { mode, lang, scheme, brand } = Object.fromEntries(new FormData(form));
  const { flow } = document.body.dataset;
  if (mode === 'page') return location.assign(`/chat/${flow}?lang=${lang}`);
  document.querySelector('chat-survey')?.remove();
  const survey = document.createElement('chat-survey');
  const said = { flow, ...(mode !== 'popin' && { mode }), ...(asked.has('lang') && { lang }), ...(scheme && { scheme }), ...(brand && { brand }) };
  for (const [name, value] of Object.entries(said)) survey.setAttribute(name, value);
  const code = form.querySelector('code');
  code.textContent = code.title = survey.outerHTML;
  survey.setAttribute('delay', '1');
  survey.setAttribute('lang', lang);
  here.hidden = mode !== 'inline';
  (mode === 'inline' ? here : document.body).append(survey);
}

form.addEventListener('change', event => {
  asked.set(event.target.name, event.target.value);
  mark();
  show();
});
form.addEventListener('submit', event => {
  event.preventDefault();
  document.querySelector('chat-survey')?.remove();
  for (const store of [localStorage, sessionStorage]) {
    Object.keys(store).filter(key => key.startsWith('chatsurvey:')).forEach(key => store.removeItem(key));
  }
  show();
});
addEventListener('pageshow', event => event.persisted && form.elements.mode.value === 'page' && location.replace('/'));
show();
