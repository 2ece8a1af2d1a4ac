// What svgo does to a folder: `peer_svgo.cjs HOME MODE SOURCE OUT`.
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const [home, mode, source, out] = process.argv.slice(2);

// What pages, people and editors may still need stays.
const KEPT = {
  cleanupIds: false,
  mergePaths: false,
  removeDesc: false,
  removeHiddenElems: false,
  removeUnknownsAndDefaults: { unknownAttrs: false, unknownContent: false },
};
// Without its rules for outlines, which round, it draws the same pixels.
const EXACT = {
  ...KEPT,
  convertPathData: false,
  convertShapeToPath: false,
  convertTransform: false,
  cleanupNumericValues: { floatPrecision: 8 },
};
const preset = (overrides) => ({ plugins: [{ name: "preset-default", params: { overrides } }] });
const CONFIG = { default: {}, kept: preset(KEPT), exact: preset(EXACT) };

(async () => {
  const entry = path.join(home, "node_modules", "svgo", "lib", "svgo-node.js");
  const { optimize } = await import(pathToFileURL(entry));
  for (const name of fs.readdirSync(source).sort()) {
    try {
      const before = fs.readFileSync(path.join(source, name), "utf8");
      const after = optimize(before, { path: name, ...CONFIG[mode] }).data;
      fs.writeFileSync(path.join(out, name), after);
    } catch (error) {
      console.error(`${name}: ${error.message}`);
    }
  }
})();
