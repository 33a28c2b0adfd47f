// Facts and drawings of the selected network.
evonas.drawn = (svg) => {
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
  return document.importNode(parsed, true);
};

evonas.facts = (run, key) => {
  const facts = [["network", evonas.label(run, key)], ["key", key], ["genome", run.text(key, "genome")]];
  for (const name of [...new Set([...run.objectives, "params", "flops", "bio"])]) {
    if (run.place.has(name)) facts.push([name, evonas.withError(run, key, name)]);
  }
  const found = run.confirmed[key];
  if (found) {
    const texts = Object.entries(found.means).map(([name, mean]) => {
      const error = found.errors[name];
      const plain = name.replace(/^test_/, "");
      return `${name.startsWith("test_") ? `${plain} on the test images` : plain} `
        + evonas.number(mean, plain) + (error ? ` ± ${evonas.number(error, plain)}` : "");
    });
    facts.push([`confirmed ${found.times} times`, texts.join("; ") || "all trainings failed or collapsed"]);
  }
  const times = run.text(key, "replicates");
  facts.push(["trained", `${times === "1" ? "once" : `${times} times`}, ${run.text(key, "collapsed") || "0"} collapsed`]);
  const chance = run.text(key, "p_front");
  const place = run.isFront.has(key) ? "on the front"
    : run.isLikely.has(key) ? "not on the front, but likely to belong to it" : "not on the front";
  facts.push(["position", chance ? `${place}; probability of being on it ${Number(chance).toFixed(2)}` : place]);
  if (run.failures[key]) facts.push(["failed", run.failures[key]]);
  if (run.text(key, "left_out")) facts.push(["left out", run.text(key, "left_out")]);
  return facts;
};

evonas.showChosen = (run, key) => {
  const list = document.createElement("dl");
  for (const [name, text] of evonas.facts(run, key)) {
    const term = document.createElement("dt");
    const says = document.createElement("dd");
    term.textContent = name;
    says.textContent = text;
    list.append(term, says);
  }
  document.getElementById("chosen-text").replaceChildren(list);
  const drawing = run.drawings[key];
  for (const [id, part] of [["chosen-cells", "cells"], ["chosen-network", "network"]]) {
    const place = document.getElementById(id);
    if (drawing) place.replaceChildren(evonas.drawn(drawing[part]));
    else {
      place.textContent = "Only networks that are on the front, or likely to be, are drawn here. "
        + `To draw this one: evonas show ${run.folder} ${key.slice(0, 8)}`;
    }
  }
  const values = run.objectives.map((name) => `${name} ${evonas.withError(run, key, name)}`).join(", ");
  const at = run.front.indexOf(key);
  const place = at < 0 ? "" : ` · ${at + 1} of ${run.front.length} on the front`;
  document.getElementById("selected-text").textContent = `Selected: ${evonas.label(run, key)} · ${values}${place}`;
};
