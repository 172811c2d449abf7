"""Raw packets to numpy columns: block walk and vectorised header decoding."""
