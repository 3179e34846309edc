import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    files: ["static/js/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: { eqeqeq: "error", "prefer-const": "error", "no-var": "error" },
  },
  {
    files: ["tools/**/*.js"],
    languageOptions: { globals: globals.node },
    rules: { eqeqeq: "error", "prefer-const": "error", "no-var": "error" },
  },
];
