// Which language a page speaks, and how it says things.

const LANGUAGES = ["en", "zh"];
const KEPT = "impasto-language";

/** The language that was chosen here before, or the first of the browser's that we speak. */
export function preferredLanguage() {
  const wishes = [kept(), ...navigator.languages].map((language) => language?.toLowerCase().split("-")[0]);
  return wishes.find((language) => LANGUAGES.includes(language)) ?? "en";
}

export function keepLanguage(language) {
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // Forbidden: then it is asked for again next time.
  }
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}

/** Says all that the document marks by `data-word` and `data-label`. */
export function sayAll(language, say) {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
  const other = document.getElementById("language");
  other.textContent = say("other");
  other.lang = language === "zh" ? "en" : "zh-CN";
}
