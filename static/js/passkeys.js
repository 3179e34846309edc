// Passkeys: a `data-passkey` button opens the browser's dialog through allauth's script, and what
// the dialog gives is sent with the form of the button. A failure is told in words.
const FORMS = { add: "addForm", authenticate: "authenticateForm", login: "loginForm" };
const SENTENCES = {
  NotAllowedError: "No passkey was used: the dialog was closed, or it took too long.",
  InvalidStateError: "This device already keeps a passkey for your account.",
  SecurityError: "Passkeys need HTTPS and a host name; the address of this page has neither.",
};
const OTHER = "This browser could not use a passkey. Try another way to sign in.";

for (const button of document.querySelectorAll("[data-passkey]")) {
  const { passkey, credential, options, alone } = button.dataset;
  const ids = { [passkey]: button.id, credential, passwordless: alone };
  if (options) ids.data = options;
  window.allauth.webauthn.forms[FORMS[passkey]]({ ids });
}

document.addEventListener("allauth.error", (event) => {
  const fault = document.querySelector("[data-passkey-fault]");
  if (!fault) return;
  event.preventDefault();
  fault.querySelector("[data-sentence]").textContent =
    SENTENCES[event.detail.exception?.name] ?? OTHER;
  fault.hidden = false;
});
