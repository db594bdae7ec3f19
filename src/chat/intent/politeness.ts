/** What may stand before an order and adds nothing to it. */
export const FILLERS = `
  please, pls, plz, kindly, can you, could you, would you, will you, can we, could we, can i, could i, may i, can you please,
  could you please, i want you to, i would like you to, i need you to, i would like to, we would like to, i want to, we want to, i need to,
  we need to, we have to, you should, you need to, you have to, you could, you can, help me, help me to, would you mind, do you mind,
  if you could, if you can, be so kind, be so kind as, be so kind as to, so kind as to, i wonder, i was wondering,
  i was wondering if you could, i wonder if you could, let us, let me, let me know, tell me, give me, get me, show me the way, go, ok, okay,
  alright, right, well, so, now, next, first, second, finally, lastly, also, just, only, simply, quickly, really, actually, maybe, perhaps,
  again, to, try, try to, please try to, why do not you, why do not we, how about, what about, is it possible to, it possible to,
  would it be possible to, are you able to, do not forget to, do not hesitate to, do not worry, can not you, could not you, will not you,
  bot, assistant, guys, everyone, team, friend, buddy, mate, sir, today, immediately, asap, yes, yeah, yep, sure, no, nah, as always, as before,
  at last, for now, before we do anything, need to know, i need to know, i want to know, i would like to know, do you know, can you see,
  can you tell me, could you tell me, any chance you could, any chance, fine, would love to, i would love to, i am trying to,
  we are going to, here is the thing, quick one, for me`;

/** After these an order stands in its -ing form: "would you mind listing". */
export const GERUND_TAKERS: ReadonlySet<string> = new Set(['mind', 'about', 'without', 'avoid']);

/** What turns the order after it into its opposite. */
export const NEGATIONS = `
  do not, never, not, please do not, without, no need to, there is no need to, you do not need to, you do not have to, i do not want you to,
  i do not want to, we do not want to, i would rather not, avoid`;

/** A verb followed by one of these is no order but the subject of a complaint: "build fails", "search is slow". */
export const PREDICATES: ReadonlySet<string> = new Set(
  `is are was were does do did has have had fail can will would should fails failed failing crashes crashed hangs keeps never still returns
  shows throws takes breaks broke stopped stops works seems looks times says exits gets goes stays comes leads causes loads opens closes
  appears happens displays ends starts prints sends ist sind funktioniert no not say`.split(/\s+/),
);

/** Who speaks and is spoken to: "I was", "you are" complain of nothing. */
export const SELF: ReadonlySet<string> = new Set(['i', 'you', 'we', 'that']);

/** Words without content, which talk may be made of. */
export const EMPTY_WORDS: ReadonlySet<string> = new Set(
  `a an the that this it its is was were are am be been i you we they he she me my your our us him so very much really all again to for of
  in on at with and too as well just now then there here today tomorrow oh ah um well quite such one do did does have has had will would
  not no yes ok okay please have what how who e el la le les der die das und y et du tu te dir dia`.split(/\s+/),
);
