"""Scripts that look at any page."""

from typing import Final

FITS: Final = "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
"""Whether nothing stands out on the right."""
AA: Final = 4.5
"""The least contrast of texts by WCAG 2, level AA."""
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
"""The contrast of each element of a selector with what is behind it, by WCAG: 1 to 21."""
