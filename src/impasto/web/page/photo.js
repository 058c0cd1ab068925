// Photographs out of files, and paintings into files.

/** A file that can't be painted, by the key of what to say. */
export class PhotoError extends Error {
  constructor(key, file) {
    super(key);
    this.file = file;
  }
}

/** The picture in a file, upright, as a canvas whose longer side is `side` at most. */
export async function readPhoto(file, side) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new PhotoError("noPicture", file.name);
  }
  const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((length) => Math.max(1, Math.round(length * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new PhotoError("tooLarge", file.name);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return canvas;
}

/** The numbers of a canvas. */
export function bytesOf(canvas) {
  const { width, height } = canvas;
  const image = canvas.getContext("2d").getImageData(0, 0, width, height);
  return { bytes: image.data, width, height };
}

/** Offers what a canvas shows as a file. */
export async function savePainting(canvas, name) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
