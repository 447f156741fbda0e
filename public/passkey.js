/**
 * Carries a passkey ceremony between a form and the browser: the options stand in the form, the answer goes into its
 * hidden field `passkey`, and the form is sent. Until this ran, and where it cannot, the form's button stays hidden.
 *
 *   <form data-passkey="get" or "create" data-options="{…}" [data-autofill] [data-needed]>
 *     <input type="hidden" name="passkey"> <button hidden data-start>…</button> <p role="status"></p>
 */
const WORDS = {
  missing: 'This browser cannot use passkeys.',
  waiting: 'Follow what your browser or device asks of you.',
  NotAllowedError: 'The passkey was not used: it was cancelled, or it took too long. You can try again.',
  InvalidStateError: 'This device already holds a passkey for this account.',
  SecurityError: 'Passkeys do not work at this address.',
};
const FAILED = 'The passkey did not work. You can try again.';

const { PublicKeyCredential } = window;
const supported =
  typeof PublicKeyCredential?.parseRequestOptionsFromJSON === 'function' &&
  typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function';

for (const form of document.querySelectorAll('form[data-passkey]')) offer(form);

function offer(form) {
  const button = form.querySelector('[data-start]');
  const status = form.querySelector('[role=status]');
  const say = (words) => {
    status.textContent = words;
  };
  let waiting;

  if (!supported) {
    // Beside a password field, what does not work here need not be mentioned.
    if (form.hasAttribute('data-needed')) say(WORDS.missing);
    return;
  }
  button.hidden = false;
  form.addEventListener('submit', (event) => {
    if (event.submitter && event.submitter !== button) return;
    event.preventDefault();
    use();
  });
  if (form.hasAttribute('data-autofill')) autofill();

  /** Passkeys among what the browser offers to fill in; given up when the button is pressed. */
  async function autofill() {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    waiting = new AbortController();
    try {
      send(form, await ask(form, { mediation: 'conditional', signal: waiting.signal }));
    } catch {
      // Nobody pressed anything, so there is nobody to tell.
    }
  }

  async function use() {
    waiting?.abort();
    button.disabled = true;
    say(WORDS.waiting);
    try {
      send(form, await ask(form));
    } catch (error) {
      button.disabled = false;
      say(WORDS[error.name] ?? FAILED);
    }
  }
}

function ask({ dataset }, extra) {
  const options = JSON.parse(dataset.options);
  return dataset.passkey === 'create'
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options), ...extra });
}

function send(form, credential) {
  // Neither `form.elements.passkey` nor `form.submit()`: a button with that id would stand in the way.
  form.querySelector('input[name=passkey]').value = JSON.stringify(credential.toJSON());
  HTMLFormElement.prototype.submit.call(form);
}
