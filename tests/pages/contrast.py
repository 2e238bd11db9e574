"""How well texts are to be read, as WCAG 2 works it out from the colours that were drawn."""

from __future__ import annotations

from typing import Final

AA: Final = 4.5
CONTRAST: Final = """
const seen = (color) => color.match(/[0-9.]+/g).map(Number);
const below = (element) => {
  for (let at = element; at; at = at.parentElement) {
    const color = seen(getComputedStyle(at).backgroundColor);
    if (color.length === 3 || color[3] > 0) return color;
  }
  return [255, 255, 255];
};
const light = (color) => {
  const [r, g, b] = color.slice(0, 3).map((one) => one / 255)
    .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
return [...document.querySelectorAll(arguments[0])].map((element) => {
  const pair = [light(seen(getComputedStyle(element).color)), light(below(element))];
  return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
});
"""
"""Of every element that a selector finds."""
