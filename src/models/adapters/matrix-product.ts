// Dense float32 matrix products for adapters, in plain TypeScript. Row-major; not a BLAS, and not for whole networks.

/** into += factor · a · b, where a is [rows, inner], b [inner, columns] and into [rows, columns]. */
export interface Product {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

// 128 columns of 64 rows of `b` and the sums of two rows stay within a first-level cache of 48 KiB.
const COLUMN_BLOCK = 128;

/** Sums in double precision and rounds once, so that any number of small updates of big weights loses nothing. */
export function addProduct(into: Float32Array, product: Product, factor: number): void {
  const { a, b, rows, inner, columns } = product;
  const upper = new Float64Array(COLUMN_BLOCK);
  const lower = new Float64Array(COLUMN_BLOCK);
  for (let left = 0; left < columns; left += COLUMN_BLOCK) {
    const width = Math.min(COLUMN_BLOCK, columns - left);
    for (let row = 0; row < rows; row += 2) {
      // With an odd number of rows the last one is computed twice and stored once.
      const second = Math.min(row + 1, rows - 1);
      upper.fill(0, 0, width);
      lower.fill(0, 0, width);
      let k = 0;
      for (; k + 3 < inner; k += 4) {
        const at = row * inner + k;
        const at2 = second * inner + k;
        const u0 = a[at];
        const u1 = a[at + 1];
        const u2 = a[at + 2];
        const u3 = a[at + 3];
        const l0 = a[at2];
        const l1 = a[at2 + 1];
        const l2 = a[at2 + 2];
        const l3 = a[at2 + 3];
        const b0 = k * columns + left;
        const b1 = b0 + columns;
        const b2 = b1 + columns;
        const b3 = b2 + columns;
        for (let j = 0; j < width; j++) {
          const v0 = b[b0 + j];
          const v1 = b[b1 + j];
          const v2 = b[b2 + j];
          const v3 = b[b3 + j];
          upper[j] += u0 * v0 + u1 * v1 + u2 * v2 + u3 * v3;
          lower[j] += l0 * v0 + l1 * v1 + l2 * v2 + l3 * v3;
        }
      }
      for (; k < inner; k++) {
        const u = a[row * inner + k];
        const l = a[second * inner + k];
        const bk = k * columns + left;
        for (let j = 0; j < width; j++) {
          upper[j] += u * b[bk + j];
          lower[j] += l * b[bk + j];
        }
      }
      addRow(into, row * columns + left, upper, width, factor);
      if (second !== row) addRow(into, second * columns + left, lower, width, factor);
    }
  }
}

function addRow(into: Float32Array, start: number, sums: Float64Array, width: number, factor: number): void {
  for (let j = 0; j < width; j++) into[start + j] += factor * sums[j];
}

export function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(matrix.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = matrix[row * columns + column];
  }
  return result;
}

/** Every element of `a` [rows, columns] times the whole of `b`: [aRows · bRows, aColumns · bColumns]. */
export function kroneckerProduct(
  a: { readonly values: Float32Array; readonly rows: number; readonly columns: number },
  b: { readonly values: Float32Array; readonly rows: number; readonly columns: number },
): Float32Array {
  const columns = a.columns * b.columns;
  const result = new Float32Array(a.rows * b.rows * columns);
  for (let aRow = 0; aRow < a.rows; aRow++) {
    for (let bRow = 0; bRow < b.rows; bRow++) {
      let at = (aRow * b.rows + bRow) * columns;
      for (let aColumn = 0; aColumn < a.columns; aColumn++) {
        const scale = a.values[aRow * a.columns + aColumn];
        const from = bRow * b.columns;
        for (let bColumn = 0; bColumn < b.columns; bColumn++) {
          result[at++] = scale * b.values[from + bColumn];
        }
      }
    }
  }
  return result;
}
