/**
 * The files a compilation read, from the rule that clang's `-MD` writes: `target: file file \`, where a space
 * in a name is written `\ `, a `#` as `\#` and a `$` as `$$`.
 */
export function parseDepfile(text: string): string[] {
  const start = text.indexOf(": ");
  if (start < 0) return [];
  const files: string[] = [];
  let name = "";
  const finish = (): void => {
    if (name !== "") files.push(name);
    name = "";
  };
  for (let i = start + 2; i < text.length; i++) {
    const character = text[i] as string;
    const next = text[i + 1];
    if (character === "\\" && next === "\n") {
      finish();
      i++;
    } else if (character === "\\" && (next === " " || next === "#")) {
      name += next;
      i++;
    } else if (character === "$" && next === "$") {
      name += "$";
      i++;
    } else if (character === " " || character === "\n") finish();
    else name += character;
  }
  finish();
  return files;
}
