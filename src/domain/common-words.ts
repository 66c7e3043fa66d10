/** Words no password may hold: what people type first, and what guessing tools try first. Rule: four letters or more, lower case, no digits; whatever people write with figures is folded before it is compared. */
const LIST = `
password passwort kennwort motdepasse wachtwoord contrasena senha pass pwd welcome willkommen bienvenue login logon letmein changeme change secret geheim
admin administrator root toor superuser user guest test testing demo default temp temporary backup oracle postgres mysql mariadb redis mongo cisco juniper
linux windows ubuntu debian server service system manager master operator support company office lockstep vault token access enter
qwerty qwertz azerty asdf asdfgh zxcvbn qazwsx iloveyou love sunshine princess dragon monkey football baseball basketball hockey soccer superman batman
starwars pokemon shadow michael jennifer jordan hunter harley ranger buster thomas tigger robert george charlie andrew daniel jessica ashley
summer winter spring autumn herbst sommer january february march april june july august september october november december
monday tuesday wednesday thursday friday saturday sunday freedom whatever trustno matrix computer internet google facebook microsoft apple
banana orange cheese coffee chocolate flower purple silver golden diamond killer mustang corvette ferrari porsche mercedes
london paris berlin vienna madrid newyork america germany england france austria
hello hallo bonjour goodbye please nothing something forever mother father family baby angel lucky magic ninja pirate secure security
`;
/** Shorter ones would be found by chance in what a generator draws; the few that matter are whole words of passwords nonetheless. */
export const COMMON_WORDS: readonly string[] = [...new Set(LIST.split(/\s+/).filter((w) => w.length >= 4))];
