// Reads the page again when the server says that what it shows has changed. Without it, pages are read by hand.
"use strict";
(function () {
  const main = document.getElementById("main");
  const status = document.getElementById("live");
  const address = main && main.dataset.live;
  if (!address || !window.EventSource) {
    return;
  }
  // What was asked for is said once: not again after a reload, nor to whom the address is sent.
  if (new URLSearchParams(location.search).has("asked")) {
    history.replaceState(null, "", location.pathname);
  }
  let waiting = null;
  const shown = main.querySelector("[data-head]");
  const head = shown && shown.dataset.head;
  const say = (words) => {
    if (status) {
      status.textContent = words;
    }
  };

  const busy = () => {
    const at = document.activeElement;
    return at && main.contains(at) && ["INPUT", "SELECT", "TEXTAREA"].includes(at.tagName);
  };

  async function read() {
    waiting = null;
    // Whoever writes something is not interrupted.
    if (busy()) {
      waiting = setTimeout(read, 2000);
      return;
    }
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" });
      if (!answer.ok) {
        say("not shown any more; reload");
        return;
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("main");
      if (!fresh) {
        return;
      }
      // A button that names a commit must not become another one's under somebody's finger.
      const deeds = fresh.querySelector("[data-head]");
      if (deeds && deeds.dataset.head !== head) {
        const why = head === undefined ? "There is something to do here now." : "The head has moved while this page was open.";
        deeds.textContent = why + " Reload the page to act.";
      }
      const open = [...main.querySelectorAll("details")].map((one) => one.open);
      const notice = main.querySelector(".notice");
      main.replaceChildren(...fresh.childNodes);
      if (notice) {
        main.querySelector(".next")?.after(notice);
      }
      [...main.querySelectorAll("details")].forEach((one, at) => {
        one.open = Boolean(open[at]);
      });
      document.title = page.title;
      say("updated at " + new Date().toLocaleTimeString());
    } catch {
      say("the server can't be reached; trying again");
    }
  }

  let met = false;
  const first = 5000;
  let pause = first;

  function listen() {
    const events = new EventSource(address);
    events.addEventListener("ready", () => {
      pause = first;
      say("up to date by itself");
      // Something may have happened while nobody listened.
      if (met && !waiting) {
        waiting = setTimeout(read, 300);
      }
      met = true;
    });
    events.addEventListener("changed", () => {
      if (!waiting) {
        waiting = setTimeout(read, 300);
      }
    });
    events.addEventListener("error", () => {
      say("not connected; trying again");
      // Browsers come back by themselves unless they were refused: because many look, say.
      if (events.readyState === EventSource.CLOSED) {
        met = true;
        setTimeout(listen, pause * (1 + Math.random()));
        pause = Math.min(2 * pause, 120000);
      }
    });
  }

  listen();
})();
