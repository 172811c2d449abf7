"""Raw packets to numpy columns: block walk, vectorised header decode, outer and inner headers."""
