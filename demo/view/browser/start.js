// Behind viewer.js and scan.js: shows what is there, and whatever comes.
heat.style.opacity = 0.45;
new ResizeObserver(place).observe(frame);
watch("value", show);
show();
