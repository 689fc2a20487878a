// The webcam of this browser: a click takes a picture, and a verdict runs with what it sees where that is asked for.
// gradio calls this once with: element, trigger, props, watch, upload. Events: 'taken', 'seen', each with the path of a sent still.
const root = element.querySelector(".webcam");
const video = root.querySelector("video");
const running = root.querySelector("[data-set=running]");
const button = (name) => root.querySelector(`[data-do=${name}]`);
const EVERY = 2000, PATIENCE = 20000; // milliseconds between two stills of the running verdict, and that its answer may take
let stream = null, asked = 0;

function problem(text) {
  root.querySelector(".problem").textContent = text;
}

function shown(on) {
  video.hidden = !on;
  button("start").disabled = on;
  for (const one of [button("take"), button("end"), running]) one.disabled = !on;
  if (!on) { running.checked = false; root.querySelector(".told").replaceChildren(); }
}

async function start() {
  problem("");
  if (!navigator.mediaDevices) {
    problem("Expected a page of this machine or one over https, got another: browsers give a webcam to these alone.");
    return;
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1600 }, height: { ideal: 900 } } });
    video.srcObject = stream;
    await video.play();
    shown(true);
  } catch (error) {
    problem(`Expected a webcam, got none (${error.name}): plug it in, or allow this page to use it.`);
  }
}

function end() {
  if (stream) for (const track of stream.getTracks()) track.stop();
  stream = video.srcObject = null;
  shown(false);
}

async function still() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const now = new Date(), local = new Date(now - now.getTimezoneOffset() * 60000).toISOString();
  const name = `webcam ${local.slice(0, 10)} ${local.slice(11, 19).replaceAll(":", ".")}.png`;
  return (await upload(new File([blob], name, { type: "image/png" }))).path;
}

async function send(event) {
  try {
    problem("");
    trigger(event, { path: await still() });
  } catch (error) {
    asked = 0;
    problem(`Expected a still that could be sent, got ${error.name}: try again.`);
  }
}

function look() {
  if (!stream || !running.checked || document.hidden || (asked && performance.now() - asked < PATIENCE)) return;
  asked = performance.now();
  send("seen");
}

button("start").addEventListener("click", start);
button("end").addEventListener("click", end);
button("take").addEventListener("click", () => send("taken"));
running.addEventListener("change", () => { if (!running.checked) root.querySelector(".told").replaceChildren(); });
setInterval(look, EVERY);
watch("value", () => {
  asked = 0;
  if (stream && running.checked && props.value) root.querySelector(".told").innerHTML = props.value.html;
});
