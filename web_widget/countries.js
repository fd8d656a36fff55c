/**
 * Calling codes and their countries (ISO 3166-1), as in libphonenumber's metadata: each run of regions follows the
 * step from the calling code before it, and a blank is a step of one. Names come from the browser.
 */
const CODES = ' AGAIASBBBMBSCADMDOGDGUJMKNKYLCMPMSPRSXTCTTUSVCVGVI6KZRU13EG7ZA3GR NL BE FR ES2HU3ITVA RO CH2AT GBGGIMJE DK SE NOSJ PL DE2PE MX CU AR BR CL CO VE2MY AUCCCX ID PH NZ SG TH15JP KR2VN2CN4TR IN PK AF LK MM3IR113SS EHMA DZ3TN2LY2GM SN MR ML GN CI BF NE TG BJ MU LR SL GH NG TD CF CM CV ST GQ GA CG CD AO GW IO AC SC SD RW ET SO DJ KE TZ UG BI MZ2ZM MG REYT ZW NA MW LS BW SZ KM21SHTA ER6AW FO GL51GI PT LU IE IS AL MT CY AXFI BG11LT LV EE MD AM BY AD MC SM2UA RS ME XK2HR SI BA2MK31CZ SK2LI77FK BZ GT SV HN NI CR PA PM HT81BLGPMF BO GY EC GF PY MQ SR UY BQCW71TL2NF BN NR PG TO SB VU FJ PW WF CK NU2WS KI NC TV PF TK FM MH158KP2HK MO2KH LA24BD6TW74MV LB JO SY IQ KW SA YE OM2PS AE IL BH QA BT MN NP15TJ TM AZ GE KG2UZ';

/** Rows of region, calling code and name, sorted by name. @param {string} lang @returns {[string, number, string][]} */
export default lang => {
  const names = new Intl.DisplayNames(lang, { type: 'region' });
  let code = 0;
  return [...CODES.matchAll(/(\d*) ?([A-Z]+)/g)].flatMap(([, step, regions]) => {
    code += +step || 1;
    return regions.match(/../g).map(region => [region, code, names.of(region)]);
  }).sort((a, b) => a[2].localeCompare(b[2], lang));
};
