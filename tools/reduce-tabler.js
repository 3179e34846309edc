// Writes the rules of Tabler that the pages use to static/vendor/tabler/tabler.min.css.
// With --check it writes nothing and fails where the file is not what it would write.
import { readFileSync, writeFileSync } from "node:fs";
import { PurgeCSS } from "purgecss";

const SOURCE = "node_modules/@tabler/core/dist/css/tabler.min.css";
const TARGET = "static/vendor/tabler/tabler.min.css";
// Every word of these files counts as a class in use, so that a class which Python or the
// script puts together from whole words is kept.
const USERS = ["templates/**/*.html", "nsadmin/pages/**/*.py", "static/js/*.js"];

const reduce = async () => {
  const whole = readFileSync(SOURCE, "utf8")
    // The content policy refuses images of the form data:…
    .replace(/url\("data:[^"]*"\)/g, "none")
    .replace(/\/\*# sourceMappingURL=.*?\*\/\s*/g, "");
  const [result] = await new PurgeCSS().purge({
    content: USERS,
    css: [{ raw: whole }],
    keyframes: true,
  });
  return `${result.css.trim()}\n`;
};

const reduced = await reduce();
if (!process.argv.includes("--check")) {
  writeFileSync(TARGET, reduced);
  console.log(`${TARGET}: ${reduced.length} bytes`);
} else if (readFileSync(TARGET, "utf8") !== reduced) {
  console.error(`${TARGET} does not fit the templates: run make tabler.`);
  process.exit(1);
}
