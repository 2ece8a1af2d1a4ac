// What sharp does to a folder: `peer_sharp.cjs HOME SOURCE OUT`.
const fs = require("fs");
const path = require("path");
const [home, source, out] = process.argv.slice(2);
const sharp = require(path.join(home, "node_modules", "sharp"));
sharp.concurrency(1);

const SAVE = {
  ".jpg": (image) => image.jpeg({ quality: 80, mozjpeg: true }),
  ".jpeg": (image) => image.jpeg({ quality: 80, mozjpeg: true }),
  ".png": (image) => image.png({ palette: true, compressionLevel: 9 }),
  ".gif": (image) => image.gif(),
  ".webp": (image) => image.webp({ quality: 80 }),
  ".avif": (image) => image.avif({ quality: 50 }),
};

(async () => {
  for (const name of fs.readdirSync(source).sort()) {
    const kind = path.extname(name).toLowerCase();
    try {
      const animated = kind === ".gif" || kind === ".webp";
      const image = sharp(path.join(source, name), { animated }).rotate();
      await SAVE[kind](image).toFile(path.join(out, name));
    } catch (error) {
      console.error(`${name}: ${error.message}`);
    }
  }
})();
