(() => {
  const boxes = [...document.querySelectorAll("input[data-key]")];
  const told = document.querySelector(".ticked");
  const name = (box) => `bascule:${document.body.dataset.document}:${box.dataset.key}`;
  // A page opened from a file may not be allowed to keep anything: its boxes can be ticked all the same.
  const store = (() => { try { localStorage.setItem("bascule", ""); return localStorage; } catch { return null; } })();
  const tell = () => {
    const done = boxes.filter((box) => box.checked).length;
    told.textContent = told.dataset.text.replace("{done}", done).replace("{all}", boxes.length);
    told.hidden = !done;
  };
  for (const box of boxes) {
    const kept = store && store.getItem(name(box));
    if (kept !== null) box.checked = kept === "1";
    box.addEventListener("change", () => { if (store) store.setItem(name(box), box.checked ? "1" : "0"); tell(); });
  }
  tell();
})();
