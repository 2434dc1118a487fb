// Renews the page's content every two seconds and says so when the server stops answering.
"use strict";
const live = document.getElementById("live");
const pulse = document.getElementById("pulse");

async function renew() {
  try {
    const answer = await fetch(live.dataset.source, { cache: "no-store" });
    if (!answer.ok) throw new Error(String(answer.status));
    live.innerHTML = await answer.text();
    pulse.textContent = "live";
    pulse.classList.remove("lost");
  } catch {
    pulse.textContent = "no answer from the server";
    pulse.classList.add("lost");
  }
  setTimeout(renew, 2000);
}
setTimeout(renew, 2000);
