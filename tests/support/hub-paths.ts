// Where the test host's storage keeps the large files of repositories. For tests on either side of the connection.

export const largeFilePath = (sha256: string): string => `/xet-bridge/${sha256}`;
