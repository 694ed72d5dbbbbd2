// @ts-check
// country.js - what a country is called.

const countries = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

/** @param {string | null | undefined} code as ISO 3166 has it @returns {string} "": none */
export const countryOf = (code) =>
  code && /^[A-Z]{2}$/.test(code) ? countries.of(code) ?? code : "";
