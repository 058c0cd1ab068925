// Files from a dialogue, dropped on the page, or pasted.

/**
 * What is dropped on the panel of styles is a style; what is dropped elsewhere, or pasted, is a photo.
 * @param usePhotos, useStyle called with the files that were chosen, at least one; useStyle is null where no style can be
 *   added.
 */
export function acceptFiles(usePhotos, useStyle) {
  const page = document.documentElement;
  const photo = document.getElementById("photo");
  const panel = document.querySelector(".panel");
  const isStyle = ({ target }) => useStyle !== null && panel.contains(target);
  const accept = (files, use) => files.length && use([...files]);
  document.getElementById("choose").addEventListener("click", () => photo.click());
  takes(photo, usePhotos);
  takes(document.getElementById("picture"), useStyle);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    page.dataset.dragging = isStyle(event) ? "style" : "photo";
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && delete page.dataset.dragging);
  addEventListener("drop", (event) => {
    event.preventDefault();
    delete page.dataset.dragging;
    accept(event.dataTransfer.files, isStyle(event) ? useStyle : usePhotos);
  });
  addEventListener("paste", (event) => accept(event.clipboardData.files, usePhotos));
}

function takes(input, use) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // so that the same file can be chosen again
    if (files.length) use(files);
  });
}
