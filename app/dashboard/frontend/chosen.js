// Sets of positions as the address writes them, "3-7.12": see dashboard/chosen.py.
function writeChosen(positions) {
  const sorted = [...positions].sort((a, b) => a - b), parts = [];
  for (let i = 0; i < sorted.length; ) {
    let j = i;
    while (sorted[j + 1] === sorted[j] + 1) j++;
    parts.push(i === j ? `${sorted[i]}` : `${sorted[i]}-${sorted[j]}`);
    i = j + 1;
  }
  return parts.join(".");
}

function readChosen(text, size) {
  const found = new Set();
  for (const part of text ? text.split(".") : []) {
    const [first, last = first] = part.split("-").map(Number);
    for (let i = first; i <= Math.min(last, size - 1); i++) found.add(i);
  }
  return found;
}
