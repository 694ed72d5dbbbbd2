// @ts-check
// order.js - which of many may stay where they are when all are put in order: to move
// an element costs as much as to make it.

/**
 * @param {number[]} places where each is now, in the order that is wanted; all differ
 * @returns {Set<number>} the most of these places that already follow one another
 */
export function staying(places) {
  /** @type {number[]} for each length, which run of that length ends lowest */
  const ends = [];
  /** @type {number[]} what comes before each in its run */
  const before = [];
  places.forEach((place, i) => {
    let low = 0;
    for (let high = ends.length; low < high;) {
      const mid = (low + high) >> 1;
      if (places[ends[mid]] < place)
        low = mid + 1;
      else
        high = mid;
    }
    before[i] = low ? ends[low - 1] : -1;
    ends[low] = i;
  });
  const stay = new Set();
  for (let i = ends.at(-1) ?? -1; i >= 0; i = before[i])
    stay.add(places[i]);
  return stay;
}
