// Opened as a file, a page may load neither modules nor networks. This script is no module, and says so.

"use strict";

if (location.protocol === "file:") {
  addEventListener("DOMContentLoaded", () => {
    const chinese = navigator.languages.find((language) => /^(zh|en)/i.test(language))?.startsWith("zh");
    const error = document.getElementById("error");
    error.textContent = chinese
      ? "本页需要通过网页服务器打开。请在此文件夹中运行：python -m http.server，然后访问 http://localhost:8000"
      : "This page must come from a web server. In its folder, type: python -m http.server, then open http://localhost:8000";
    error.hidden = false;
  });
}
