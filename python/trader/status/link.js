// The link to the trader: server-sent events over fetch, since EventSource cannot send the token in
// a header. Ends by itself when nothing has come for a while, and begins again.
const SILENT_MS = 5000;
const AGAIN_MS = [500, 1000, 2000, 4000];
const ANSWER_MS = 15000; // the trader answers within ten seconds, whatever its loop does
const BUFFER_MAX = 8 * 1024 * 1024;

export class Refused extends Error {
  constructor(status, why) {
    super(why);
    this.status = status;
  }
}

const whyOf = async (reply) => {
  try {
    const { error, message } = await reply.json();
    return error ?? message ?? reply.statusText;
  } catch {
    return reply.statusText;
  }
};

/** Asks the trader to do something; its answer, or `Refused`. Whether it has heard is not known after any other error. */
export const command = async (token, action) => {
  const reply = await fetch(`/control/${action}`, { method: "POST", headers: { "X-Token": token }, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
  const answer = await reply.clone().json().catch(() => null);
  if (answer === null || answer.message === undefined) throw new Refused(reply.status, await whyOf(reply));
  return answer;
};

/** One reader. `on` hears: `event(name, content)`, `state("up" | "lost" | "refused", why)`. */
export class Link {
  constructor(token, on) {
    this.token = token;
    this.on = on;
    this.focus = {};
    this.since = 0;
    this.reader = Array.from(crypto.getRandomValues(new Uint8Array(8)), (one) => one.toString(16)).join("");
    this.tries = 0;
    this.turn = 0;
    this.abort = null;
    this.timer = null;
  }

  /** Begins, or begins anew with another focus. */
  open() {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.turn += 1;
    this.run(this.turn);
  }

  close() {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.turn += 1;
  }

  async run(turn) {
    const abort = new AbortController();
    this.abort = abort;
    let watch = setTimeout(() => abort.abort(), SILENT_MS);
    let why = "the connection has ended";
    try {
      const query = new URLSearchParams({ reader: this.reader, since: String(this.since), ...this.focus });
      const reply = await fetch(`/events?${query}`, { headers: { "X-Token": this.token }, cache: "no-store", signal: abort.signal });
      if (!reply.ok) throw new Refused(reply.status, await whyOf(reply));
      const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done || turn !== this.turn) break;
        clearTimeout(watch);
        watch = setTimeout(() => abort.abort(), SILENT_MS);
        text += value;
        if (text.length > BUFFER_MAX) throw new Error("an event has no end");
        const parts = text.split("\n\n");
        text = parts.pop();
        for (const part of parts) why = this.hear(part) ?? why;
      }
    } catch (error) {
      if (turn !== this.turn) return;
      why = error instanceof Refused ? error.message : "nothing is heard from it";
      if (error instanceof Refused && error.status === 401) {
        clearTimeout(watch);
        this.on.state("refused", error.message);
        return;
      }
    }
    clearTimeout(watch);
    if (turn !== this.turn) return;
    this.on.state("lost", why);
    this.timer = setTimeout(() => this.open(), AGAIN_MS[Math.min(this.tries, AGAIN_MS.length - 1)]);
    this.tries += 1;
  }

  hear(part) {
    const [, name, data] = part.match(/^event: (\w+)\ndata: (.*)$/s) ?? [];
    if (name === undefined) return undefined;
    const content = JSON.parse(data);
    if (name === "end") return content.why === "ended" ? "the trader has ended" : "another page took its place";
    this.tries = 0;
    if (name === "entries" && content.rows.length) this.since = content.rows.at(-1).seq;
    this.on.state("up", "");
    this.on.event(name, content);
    return undefined;
  }
}
