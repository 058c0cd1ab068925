// Files from a dialogue, dropped on the page, or pasted.

/**
 * @param usePhotos, useStyle called with the files that were chosen, at least one; what is dropped or pasted is a photo.
 */
export function acceptFiles(usePhotos, useStyle) {
  const page = document.documentElement;
  const photo = document.getElementById("photo");
  const use = (files) => files?.length && usePhotos([...files]);
  document.getElementById("choose").addEventListener("click", () => photo.click());
  takes(photo, usePhotos);
  takes(document.getElementById("picture"), useStyle);
  addEventListener("dragover", (event) => {
    event.preventDefault();
    page.classList.add("dragging");
  });
  addEventListener("dragleave", (event) => event.relatedTarget === null && page.classList.remove("dragging"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    page.classList.remove("dragging");
    use(event.dataTransfer.files);
  });
  addEventListener("paste", (event) => use(event.clipboardData.files));
}

function takes(input, use) {
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // so that the same file can be chosen again
    if (files.length) use(files);
  });
}
