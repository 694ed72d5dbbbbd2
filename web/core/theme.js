// @ts-check
// theme.js - follows the system, or the owner's wish for light or dark. A
// classic script in the head, so that the page is never painted in the wrong one;
// widgets/theme.js is the switch.
{
  let wish = null;
  try {
    wish = localStorage.getItem("theme");
  } catch {
    // A browser that remembers nothing follows the system.
  }
  if (wish === "light" || wish === "dark")
    document.documentElement.dataset.theme = wish;
}
