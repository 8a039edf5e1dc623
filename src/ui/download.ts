// Hands a file to the browser's downloads. The only place that makes a link nobody sees.

export function downloadBlob(blob: Blob, name = blob instanceof File ? blob.name : "kiln"): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has read the address by the next turns of the loop; a second is ample.
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
