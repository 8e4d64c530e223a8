// SPDX-License-Identifier: MIT

//! Prints the SEV-SNP launch digest of an IGVM file, as the igvm crate reads and
//! measures it: "interop-igvm FILE".

use igvm::measurement::generate_snp_measurement;
use igvm::{IgvmFile, IgvmPlatformHeader, IsolationType};

fn main() {
    let path = std::env::args().nth(1).expect("usage: interop-igvm FILE");
    let data = std::fs::read(path).expect("the file is readable");
    let file = IgvmFile::new_from_binary(&data, Some(IsolationType::Snp))
        .expect("the file is a valid IGVM file");
    let IgvmPlatformHeader::SupportedPlatform(platform) = &file.platforms()[0];
    let digest = generate_snp_measurement(
        file.initializations(),
        file.directives(),
        platform.compatibility_mask,
    )
    .expect("the file can be measured");
    for byte in digest {
        print!("{byte:02x}");
    }
    println!();
}
