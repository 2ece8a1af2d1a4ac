export default function (config) {
  config.addPassthroughCopy("pages/img");
  return { dir: { input: "pages", output: "public" } };
}
