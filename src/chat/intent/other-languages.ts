import { type Cue, type HeadCue, WEIGHTS } from './intent-cues.js';

/**
 * The commonest orders and greetings of German, French and Spanish, written without accents as the splitter leaves them.
 * Whatever else is said in another language is `default` work: it loses no tools and no time by not being understood.
 */
export const HEAD_CUES_OF_OTHER_LANGUAGES: readonly HeadCue[] = [
  { kind: 'order', intent: 'fix', weight: WEIGHTS.change, phrases: 'behebe, repariere, korrigiere, repare, corrige, debogue, arregla, repara' },
  { kind: 'order', intent: 'refactor', weight: WEIGHTS.change, phrases: 'refaktoriere, vereinfache, refactorise, renomme, simplifie, refactoriza, renombra, simplifica' },
  {
    kind: 'order',
    intent: 'default',
    weight: WEIGHTS.change,
    phrases: `
      erstelle, baue, schreibe, fuge, implementiere, installiere, konfiguriere, ajoute, cree, ecris, installe, configure, anade, agrega,
      crea, construye, escribe, implementa, instala, configura`,
  },
  { kind: 'order', intent: 'search', weight: WEIGHTS.know, phrases: 'finde, suche, zeige, liste, cherche, trouve, montre, busca, encuentra, muestra' },
  {
    kind: 'order',
    intent: 'analysis',
    weight: WEIGHTS.know,
    phrases: 'erklare, beschreibe, vergleiche, analysiere, prufe, explique, decris, compare, explica, analiza, compara',
  },
  { kind: 'question', intent: 'search', weight: WEIGHTS.know, phrases: 'wo, welche, wie viele, ou, combien, ou est, ou sont, donde, cuantos, cuantas' },
  {
    kind: 'question',
    intent: 'analysis',
    weight: WEIGHTS.know,
    phrases: 'warum, wieso, weshalb, wie, pourquoi, comment fonctionne, comment marche, que fait, qu est ce que, por que, como, que',
  },
];

export const TOPIC_CUES_OF_OTHER_LANGUAGES: readonly Cue[] = [
  {
    intent: 'fix',
    weight: 8,
    phrases: 'fehler, kaputt, funktioniert nicht, geht nicht, fehlgeschlagen, ne marche pas, ne fonctionne pas, erreur, no funciona',
  },
];

export const CASUAL_CUES_OF_OTHER_LANGUAGES: readonly Cue[] = [
  {
    intent: 'casual',
    weight: 3,
    phrases: `
      hallo, guten morgen, guten tag, guten abend, danke, danke schon, vielen dank, tschuss, wie geht es dir, wie geht es ihnen, bonjour,
      salut, merci, merci beaucoup, au revoir, ca va, hola, buenos dias, buenas tardes, gracias, muchas gracias, adios, hasta luego,
      como estas, ciao, grazie, ola, obrigado, obrigada`,
  },
];

export const FILLERS_OF_OTHER_LANGUAGES = `
  bitte, kannst du, konntest du, konnen sie, ich mochte, mir, mich, mal, sil te plait, s'il te plait, s'il vous plait, peux tu, pouvez vous,
  pourrais tu, veux tu, moi, por favor, puedes, podrias, quiero que, me`;

export const NEGATIONS_OF_OTHER_LANGUAGES = 'nicht, ne pas, no quiero que';
