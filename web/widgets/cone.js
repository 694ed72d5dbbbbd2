// @ts-check
// cone.js - which kind of cone the NAT is: tried when it is asked for, by packets that
// its engine decides about and that go nowhere.
import { ask } from "../core/api.js";
import { coneWords, isBehindAnother, typeWords } from "../core/cone.js";
import { make, setText } from "../core/dom.js";
import { makeAct } from "./parts.js";
import { makeTile } from "./tiles.js";

/** @typedef {import("../core/store.js").Store} Store */

/** @param {Store} store @param {(sentence: string) => void} onRefused */
export function makeCone(store, onRefused) {
  const tile = makeTile("Kind of NAT");
  const button = makeAct("Try it", test, onRefused, "which kind of NAT this is");
  const type = make("span", { role: "status" }, "\u2013");
  let isFirst = true;

  tile.element.classList.add("cone");
  tile.element.append(make("dd", { class: "cone-try" }, button));
  tile.value.append(type);
  setText(tile.more, "tried with packets that go nowhere");

  async function test() {
    const cones = await ask("nat/cone", "POST");
    const isBehind = isBehindAnother(store.status?.wan.address);
    setText(type, typeWords(cones));
    setText(tile.more, coneWords(cones) + (isBehind ?
      " But the outside address is not a public one: another NAT beyond this gate has its say." : ""));
    tile.value.className = `value ${typeWords(cones) === "Full cone" && !isBehind ? "good" : ""}`;
    if (isFirst)
      setText(button, "Once more");
    isFirst = false;
  }

  return tile.element;
}
