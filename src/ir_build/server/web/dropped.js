/** The files of a drop: those of folders too, however deep. */

const KNOWN = /\.(jpe?g|png|gif|webp|avif|svg|pdf)$/i;

/** The files of a `DataTransfer`, which is empty as soon as its event is over. */
export async function droppedFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = await Promise.all(entries.map(walk));
  return found.flat();
}

/** What is named itself is taken as it is; of a folder only what looks like an image or a PDF. */
async function walk(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const files = [];
  const reader = entry.createReader();
  // A reader gives a hundred entries at a time.
  for (let some; (some = await read(reader)).length; )
    for (const each of some)
      if (each.isDirectory || KNOWN.test(each.name)) files.push(...(await walk(each)));
  return files;
}

const read = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
