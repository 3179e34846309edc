export default {
  extends: ["stylelint-config-standard"],
  rules: {
    // The files override Tabler and each other by their order, not by specificity.
    "no-descending-specificity": null,
    // Rules stand in groups; comments separate the groups.
    "rule-empty-line-before": null,
    "at-rule-empty-line-before": null,
    "comment-empty-line-before": null,
    "declaration-empty-line-before": null,
    "custom-property-empty-line-before": null,
    // What Inter and the drawings need in this exact form.
    "value-keyword-case": ["lower", { camelCaseSvgKeywords: true, ignoreKeywords: [/^[A-Z]/] }],
  },
};
